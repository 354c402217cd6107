"""The page on which one searches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from whether.web import findable
from whether.web.question_pages import catalogue
from whether.web.rows import questions_of
from whether.web.search import LONGEST, Entry, Pieces, search, words_of

if TYPE_CHECKING:
    from fastapi import APIRouter
    from markupsafe import Markup
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.answer import Answer
    from whether.web.rendering import Render
    from whether.web.view import Listed, View

_PREFIX = re.compile(r"[0-9a-f]{4,64}")


def routes(view: View, render: Render) -> APIRouter:
    """`/search?q=WORDS&kind=KIND`."""
    from fastapi import APIRouter

    router = APIRouter()
    entries = _Entries(view)

    def page(request: Request) -> Response:
        query = request.query_params.get("q", "")[:LONGEST]
        kind = request.query_params.get("kind", "")
        kind = kind if kind in findable.KINDS else ""
        found = search(entries.all(query), query, kind=kind)
        return render(
            request,
            "search.html.j2",
            query=query,
            kind=kind,
            found=found,
            kinds=findable.kinds_of(found.kinds),
            total=sum(found.kinds.values()),
            shown=found.kinds.get(kind, 0) if kind else sum(found.kinds.values()),
            names=findable.KINDS,
            hits=[(hit, highlighted(hit.title), highlighted(hit.excerpt)) for hit in found.hits],
        )

    router.add_route("/search", page, methods=["GET"])
    return router


def highlighted(pieces: Pieces) -> Markup:
    """A text as HTML, escaped, with what is marked as <mark>.

    Example:
        >>> print(highlighted((("a <", False), ("b", True))))
        a &lt;<mark>b</mark>
    """
    from markupsafe import Markup

    parts = (Markup("<mark>{}</mark>").format(text) if marked else Markup("{}").format(text) for text, marked in pieces)
    return Markup("").join(parts)


class _Entries:
    """All that can be found in a lab; what an answer gives is kept until there is another in its place."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._answers: dict[str, tuple[Answer, Entry]] = {}

    def all(self, query: str) -> Iterator[Entry]:
        """Every entry, those that one looks for most first."""
        answers, studies = self._view.answers(), self._view.studies()
        asked = {item.question for item in answers} | {name for study in studies for name in study.questions}
        asked |= {name for said in self._view.at_work() for name in questions_of(said)}
        texts = {item.question: item.answer.text for item in reversed(answers) if item.answer}
        for name in sorted(asked | set(catalogue())):
            told: Any = catalogue().get(name, {})
            text = texts.get(name) or told.get("text", "")
            yield findable.of_question(name, text, told.get("idea", ""), told.get("group", ""), asked=name in asked)
        yield from map(self._of_answer, answers)
        yield from (findable.of_study(study) for study in reversed(studies))
        for word in words_of(query):
            if _PREFIX.fullmatch(word):
                told = findable.runs_by_digest(answers, word)
                yield from findable.of_digests(self._view.store.records.listing(), word, told)
        yield from findable.of_language()

    def _of_answer(self, item: Listed) -> Entry:
        if item.answer is None:
            return findable.of_answer(item)
        kept = self._answers.get(item.folder)
        if kept is None or kept[0] is not item.answer:
            kept = self._answers[item.folder] = item.answer, findable.of_answer(item)
        return kept[1]
