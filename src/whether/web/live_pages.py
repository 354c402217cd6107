"""The page of what is at work: a table that a stream of events keeps current, and that is whole without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.web.feed import Feed, event_id
from whether.web.live import commands, spoken
from whether.web.rendering import environment
from whether.web.rows import ago_from_now

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.rendering import Render
    from whether.web.view import View

LATELY = 5
"""Answers that are named, so that what was at work and is finished leads there."""
AGAIN = (5, 10, 30, 60)
"""Seconds after which a page that asks for it is loaded again."""


def routes(view: View, render: Render) -> APIRouter:
    """`/live` and `/live/events`."""
    from fastapi import APIRouter
    from markupsafe import Markup
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.responses import Response as Empty

    router = APIRouter()
    feed = Feed(lambda: _look(view))

    def live(request: Request) -> Response:
        every = request.query_params.get("every", "")
        again = int(every) if every in map(str, AGAIN) else 0
        told = _look(view)
        table = Markup(told["html"])  # a template of ours made it, with everything escaped
        return render(request, "live.html.j2", again=again, table=table, spoken=told["spoken"], event=event_id(told))

    async def events(request: Request) -> Response:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        if feed.is_full:
            told = "Enough pages are listening already. This one can be loaded again by hand.\n"
            return PlainTextResponse(told, 503, {"retry-after": "10"})
        if request.method == "HEAD":
            return Empty(media_type="text/event-stream", headers=headers)
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        stream = feed.listen(seen, request.app.state.is_over)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    router.add_route("/live", live, methods=["GET"])
    router.add_route("/live/events", events, methods=["GET"])
    return router


def _look(view: View) -> dict[str, str]:
    """What is at work and what was answered last, as HTML, and what of it is worth reading aloud."""
    working, ago = commands(view.at_work()), ago_from_now()
    whole = [item for item in view.answers() if item.answer is not None]
    lately = [(item, ago(item.time)) for item in whole[:LATELY]]
    html = environment().get_template("live_table.html.j2").render(working=working, lately=lately)
    return {"html": html, "spoken": spoken(working)}
