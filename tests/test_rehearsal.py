"""The analysis rehearsed on drawn numbers: it passes when it is right, and is found out when it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from by_hand import WHY, asking
from whether import Claim, Question, above, below, exceeds, not_worse, same, stats
from whether.answerable import Chances, Spread, chances, spreads
from whether.rehearsal import TRIED, Tried, edge, rehearse
from whether.words import MEASURES, MeasureKind

ACCURACY, LOSS, SOLVED = MEASURES["accuracy"], MEASURES["loss"], MEASURES["solved"]
COUNT = 300
EXCEEDS = exceeds("a", "b", by=1, because=WHY, sd=1.0)
NOT_WORSE = not_worse("a", "c", by=1, because=WHY, sd=0.9)
SAME = same("b", "c", within=1, because=WHY, sd=0.8)
ABOVE = above("a", 90, because=WHY, sd=1.0, delta_yes=91, delta_no=89)


def tried(question: Question, kind: MeasureKind = ACCURACY, **how: Any) -> dict[str, Tried]:
    kinds = dict.fromkeys("abc", kind)
    planned: list[Spread] = spreads(question, kinds, resolutions=dict.fromkeys("abc", 0.05))
    found: Chances = how.pop("found", None) or chances(question, planned)
    told = rehearse(question, planned, kinds, found, count=COUNT, **how)
    return {one.what: one for one in told}


@pytest.mark.parametrize("pairing", ["replicate", "none"])
@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ([EXCEEDS], {}),
        ([ABOVE], {}),
        ([EXCEEDS, NOT_WORSE], {"combine": "all"}),
        ([EXCEEDS, NOT_WORSE], {"combine": "any"}),
        ([NOT_WORSE, EXCEEDS, SAME], {"combine": "ordered", "hold_to": 2}),
        ([SAME], {"looks": [4, 8], "spending": "pocock"}),
    ],
)
def test_the_registered_rule_passes(claims: list[Claim], rule: dict[str, Any], pairing: str) -> None:
    question = asking(
        claims, pairing=pairing, **({"replicates": 9} | ({} if "looks" not in rule else {"replicates": 8}) | rule)
    )
    found = tried(question)
    assert list(found) == list(TRIED)
    assert all(one.right for one in found.values()), found
    assert (found["wrong yes"].expected, found["wrong no"].expected) == (0.05, 0.05)
    assert found["planned yes"].seen > 0.25


@pytest.mark.parametrize("kind", [LOSS, replace(LOSS, share=False, better="higher")])
def test_what_is_better_makes_no_difference(kind: MeasureKind) -> None:
    claims = [replace(claim, unit="nats") for claim in (EXCEEDS, SAME)]
    found = tried(asking(claims, replicates=9), kind)
    assert all(one.right for one in found.values()), found


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize(
    "claim",
    [
        exceeds("a", "b", by=25, because=WHY),
        below("a", 40, because=WHY, delta_yes=15, delta_no=65),
    ],
)
def test_shares_pass(claim: Claim, better: str) -> None:
    found = tried(asking([claim], replicates=60), replace(SOLVED, better=better))
    assert all(one.right for one in found.values()), found
    assert found["planned yes"].seen > 0.8


def test_the_numbers_take_the_way_of_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analysis that errs is found out: intervals of 60 % instead of 90 %."""
    narrow = stats.paired_t
    monkeypatch.setattr(
        stats, "paired_t", lambda a, b, *, alpha, resolution: narrow(a, b, alpha=4 * alpha, resolution=resolution)
    )
    found = tried(asking([EXCEEDS], replicates=9))
    assert not found["wrong yes"].right
    assert not found["wrong no"].right
    assert found["wrong yes"].seen > 0.12


def test_chances_that_are_not_those_of_the_analysis_are_found_out() -> None:
    question = asking([EXCEEDS], replicates=9)
    planned = spreads(question, dict.fromkeys("ab", ACCURACY))
    found = tried(question, found=replace(chances(question, planned), yes=0.98, no=0.5))
    assert [one.what for one in found.values() if not one.right] == ["planned yes", "planned no"]


def test_claims_take_their_turn_at_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """If only the second of two claims errs, that is seen: each lies at its edge in half of the rehearsals."""
    wilful = stats.verdict

    def verdict(kind: Any, low: float, high: float, size: float) -> Any:
        return "yes" if kind == "not_worse" else wilful(kind, low, high, size)

    monkeypatch.setattr(stats, "verdict", verdict)
    found = tried(asking([EXCEEDS, NOT_WORSE], replicates=16))
    assert found["wrong yes"].seen > 0.4
    assert not found["wrong yes"].right


def test_progress_is_told() -> None:
    heard: list[tuple[int, int]] = []
    tried(asking([EXCEEDS], replicates=3), progress=lambda done, of: heard.append((done, of)))
    assert heard == [(done, 4 * COUNT) for done in range(1, 4 * COUNT + 1)]


@pytest.mark.parametrize(("replicates", "many", "count"), [(3, 1, 500), (100, 4, 250), (3000, 1, 100)])
def test_of_many_replicates_there_are_fewer(replicates: int, many: int, count: int) -> None:
    class Told(Exception):
        pass

    def stop(_done: int, of: int) -> None:
        raise Told(of // len(TRIED))

    question = asking([EXCEEDS] * many, replicates=replicates)
    planned = spreads(question, dict.fromkeys("ab", ACCURACY))
    with pytest.raises(Told, match=f"^{count}$"):
        rehearse(question, planned, dict.fromkeys("ab", ACCURACY), chances(question, planned), progress=stop)


def test_it_is_the_same_every_time() -> None:
    question = asking([EXCEEDS, SAME], replicates=5)
    assert tried(question) == tried(question)


@pytest.mark.parametrize(
    ("claim", "at"),
    [(EXCEEDS, 1.0), (NOT_WORSE, -1.0), (SAME, 1.0), (ABOVE, 90.0), (below("a", -2, because=WHY), -2.0)],
)
def test_at_the_edge_neither_is_the_case(claim: Claim, at: float) -> None:
    assert edge(claim) == at
    assert stats.verdict(claim.kind, at, at, claim.size) == "inconclusive"
    around = {stats.verdict(claim.kind, at + step, at + step, claim.size) for step in (-0.01, 0.01)}
    assert around == {"yes", "no"}
