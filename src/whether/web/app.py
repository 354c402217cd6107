"""The pages of a lab put together as one application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from whether.errors import RequestError
from whether.web.guard import App, Guard, Receive, Scope, Send
from whether.web.rendering import Render, renderer, static
from whether.web.view import View

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

_PLAIN = {
    404: "There is no such page.\n",
    500: "This page could not be made; the terminal has the details.\n",
    503: "The lab cannot be read at the moment: see that this server may read it; the terminal has the details.\n",
}
NEEDS = "`whether serve` needs a web server: pip install 'whether[web]'. Reports in answers/ need none."


def create_app(root: Path) -> FastAPI:
    """The application that shows a lab.

    Args:
        root: the lab's folder, known to be one; nothing is written there.

    Returns:
        An ASGI application. It holds its `View` as `app.state.view`, and asks `app.state.is_over()` whether its server
        is about to end, so that streams end before it.

    Raises:
        RequestError: FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise RequestError(NEEDS) from error

    view = View(root)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, title="whether")
    app.state.view, app.state.is_over = view, lambda: False
    render = renderer(view, lambda: frozenset(sections))
    routers = {name: routes(view, render) for name, routes in _routes().items()}
    sections = [*routers]
    app.add_route("/static/{name}", _static, methods=["GET"])
    for router in routers.values():
        app.include_router(router)
    _tell_errors(app, render)
    app.add_middleware(Guard, missing=_wrong(render, 404), unread=_wrong(render, 503), fault=_wrong(render, 500))
    return app


def _routes() -> dict[str, Callable[[View, Render], APIRouter]]:
    """What makes the pages of each kind, by the section that it stands under."""
    from whether.web import (
        answer_pages,
        compare_pages,
        cover_pages,
        graph_pages,
        live_pages,
        question_pages,
        search_pages,
        study_pages,
    )

    return {
        "questions": question_pages.routes,
        "covers": cover_pages.routes,
        "answers": answer_pages.routes,
        "networks": graph_pages.routes,
        "live": live_pages.routes,
        "compare": compare_pages.routes,
        "search": search_pages.routes,
        "studies": study_pages.routes,
    }


def _static(request: Request) -> Response:
    from starlette.exceptions import HTTPException
    from starlette.responses import Response

    name = request.path_params["name"]
    if name not in static():
        raise HTTPException(404)
    kind, content = static()[name]
    return Response(content, media_type=kind, headers={"Cache-Control": "max-age=60"})


def _wrong(render: Render, status: int) -> App:
    """An application of its own that says what is wrong."""

    async def wrong(scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse

        try:
            answer = render(Request({**scope, "path": ""}), "wrong.html.j2", status=status, code=status)
        except Exception:  # what failed before may fail again
            answer = PlainTextResponse(_PLAIN[status], status)
        await answer(scope, receive, send)

    return wrong


def _tell_errors(app: FastAPI, render: Render) -> None:
    """Wrong addresses get a page of our look: nothing of what was asked stands on it."""

    def missing(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 404)
        return render(request, "wrong.html.j2", status=status, code=status)

    for status in (404, 405, 422):
        app.add_exception_handler(status, missing)
