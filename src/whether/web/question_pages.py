"""The pages of questions: all of them, and one with all its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.rendering import Render
    from whether.web.view import View


def routes(view: View, render: Render) -> APIRouter:
    """`/` and `/questions/<name>`."""
    from fastapi import APIRouter

    router = APIRouter()

    def all_questions(request: Request) -> Response:
        return render(request, "questions.html.j2", answers=view.answers())

    router.add_route("/", all_questions, methods=["GET"])
    return router
