"""The page of two answers side by side, and the form that picks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from whether.contrast import designs
from whether.report.axis_view import BOUNDS
from whether.report.wording import mean_unit
from whether.web.compare import Arms, Claims, Comparison, compared, label, panels
from whether.web.compare_svg import NARROW, bars_svg, of_arms, of_claims, told
from whether.web.rows import differing

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from whether.web.rendering import Render
    from whether.web.view import Listed, View

MOST_ARMS = 30
"""Arms that are drawn; of more there is only the table."""


def routes(view: View, render: Render) -> APIRouter:
    """`/compare?a=FOLDER&b=FOLDER`."""
    from fastapi import APIRouter

    router = APIRouter()

    history = lru_cache(maxsize=4096)(view.fact)

    def compare(request: Request) -> Response:
        picked = {side: request.query_params.get(side, "") for side in ("a", "b")}
        listed = view.answers()
        known = {item.folder: item for item in listed}
        wrong = _wrong(picked, known)
        options = differing([item.answer for item in listed if item.answer])
        told: dict[str, Any] = {
            "picked": picked,
            "wrong": wrong,
            "choices": [(item.folder, label(item.answer, options)) for item in listed if item.answer],
        }
        one, other = (known[name].answer if name in known else None for name in picked.values())
        if one is not None and other is not None and not wrong:
            found = compared(one, other, designs(one, other, history))
            told |= {"found": found, "sides": (("A", picked["a"], one), ("B", picked["b"], other)), **_drawn(found)}
        return render(request, "compare.html.j2", status=404 if wrong else 200, **told)

    router.add_route("/compare", compare, methods=["GET"])
    return router


def _wrong(picked: Mapping[str, str], known: Mapping[str, Listed]) -> list[str]:
    """What is wrong with what was picked, in sentences that repeat nothing of it but names of folders that exist."""
    found = []
    for side, name in picked.items():
        if name and name not in known:
            found.append(f"{side.upper()} names no answer of this lab. Pick one of the list.")
        elif name and known[name].answer is None:
            found.append(f"{side.upper()}, {name}, is damaged, and nothing of it is compared.")
    if picked["a"] and picked["a"] == picked["b"] and not found:
        found.append("A and B are the same answer. Pick two.")
    return found


def _drawn(found: Comparison) -> dict[str, Any]:
    """The pictures: of effects by axis, those that decide and the controls first, and of the means of arms."""
    main, further = (
        [_effects(f"{name}-{number}", claims) for number, claims in enumerate(panels(kept))]
        for name, kept in (
            ("effects", [item for item in found.claims if item.role != "secondary"]),
            ("further", [item for item in found.claims if item.role == "secondary" and item.a and item.b]),
        )
    )
    means = [_means(number, arms) for number, arms in enumerate(_by_measure(found.arms))]
    return {"effects": main, "further": further, "means": means}


def _effects(name: str, claims: Sequence[Claims]) -> str:
    groups, across = of_claims(claims)
    kind = "Means" if claims[0].one.kind in BOUNDS else "Effects"
    title = f"{kind}, A and B on one axis"
    draw = partial(bars_svg, groups, across, unit=claims[0].one.unit, title=title, text=told(claims))
    return _for_both(draw(name=name), draw(name=f"{name}-narrow", wide=NARROW))


def _for_both(wide: str, narrow: str) -> str:
    """A drawing for pages and one for phones, of which the style shows that which fits."""
    return f'<div class="wide-only">{wide}</div><div class="narrow-only">{narrow}</div>'


def _by_measure(arms: Sequence[Arms]) -> list[list[Arms]]:
    found: dict[tuple[str, str], list[Arms]] = {}
    for item in arms:
        if item.shares_axis:
            found.setdefault((item.a.measure, item.a.unit), []).append(item)
    return [group for group in found.values() if len(group) <= MOST_ARMS]


def _means(number: int, arms: Sequence[Arms]) -> str:
    groups, across = of_arms(arms)
    measure = arms[0].a.measure.rpartition(":")[2].replace("_", " ")
    said = "; ".join(f"{item.name}: A {item.a.mean:.4g}, B {item.b.mean:.4g}" for item in arms)
    unit = f"{measure} ({mean_unit(arms[0].a)})".replace(" ()", "")
    title, name = f"{measure}, A and B on one axis", f"means-{number}"
    draw = partial(bars_svg, groups, across, unit=unit, title=title, text=said)
    return _for_both(draw(name=name, aside=True), draw(name=f"{name}-narrow", wide=NARROW))
