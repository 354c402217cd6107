"""What cannot be done is told before anything is trained for it: groupings that are gone, rounds that are none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from works import network

from whether.errors import RequestError
from whether.execute import owncode, rehearse
from whether.execute.workshop import Workshop
from whether.history import derived, measure
from whether.history.facts import MeasureFact, PrunedMask
from whether.history.resolve import Resolver
from whether.history.sentence import sentence
from whether.lab import Lab

HALVES = "def halves(x, y):\n    return (y >= 5).long()\n"


@pytest.fixture
def grouping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of one's own with a function that groups."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(owncode, "_known", {})
    path = tmp_path / "own_groups.py"
    path.write_text(HALVES, encoding="utf-8")
    yield path
    sys.modules.pop("own_groups", None)


def asked(group: int = 1, groups: str = "own_groups:halves", **how: Any) -> MeasureFact:
    said = measure("subgroup_error", network().train(), options={"groups": groups, "group": group}, **how)
    return Resolver().measure(said)


def test_the_code_of_a_grouping_is_part_of_what_is_asked(grouping: Path) -> None:
    one = asked()
    name, _, code = one.options["groups"].partition("@")
    assert (name, len(code)) == ("own_groups:halves", 16)
    grouping.write_text("# why\n" + HALVES, encoding="utf-8")
    assert asked().digest == one.digest
    grouping.write_text(HALVES.replace("5", "6"), encoding="utf-8")
    assert asked().digest != one.digest


def test_its_sentence_says_the_same(grouping: Path) -> None:
    one = asked()
    assert f"'groups': '{one.options['groups']}'" in sentence(one)
    assert asked(groups=one.options["groups"]).digest == one.digest


def test_it_is_named_as_code_of_ones_own(grouping: Path) -> None:
    resolver = Resolver()
    resolver.measure(measure("subgroup_error", network(), options={"groups": "own_groups:halves"}))
    assert resolver.own_code == {"own_groups:halves"}


def test_an_option_of_a_measure_of_ones_own_stays_as_it_is(grouping: Path) -> None:
    said = measure("foreign:small_measure", network(), options={"groups": "own_groups:halves"})
    assert Resolver().measure(said).options["groups"] == "own_groups:halves"


def test_the_error_of_a_group_is_taken(grouping: Path, lab: Lab) -> None:
    said = {"groups": "own_groups:halves"}
    found = [lab.value(measure("subgroup_error", network(), options={**said, "group": group})) for group in (0, 1)]
    assert all(0 <= error <= 100 for error in found)


def test_a_grouping_that_is_not_there_is_told_when_it_is_resolved(grouping: Path) -> None:
    with pytest.raises(RequestError, match="halfs"):
        asked(groups="own_groups:halfs")


@pytest.mark.parametrize("how", ["gone", "other"])
@pytest.mark.parametrize("part", [False, True])
def test_one_that_is_gone_since_is_told_before_training(grouping: Path, lab: Lab, how: str, part: bool) -> None:
    fact = asked()
    if part:
        said = measure("subgroup_error", network().train(), options={"groups": "own_groups:halves", "group": 1})
        fact = Resolver().measure(derived("foreign:number", {"a": said}))
    if how == "gone":
        grouping.unlink()
    else:
        grouping.write_text(HALVES.replace("5", "6"), encoding="utf-8")
    message = "there is no module 'own_groups'" if how == "gone" else "is not the code of this history"
    with pytest.raises(RequestError, match=message):
        Workshop(lab.store).prepare([fact])


# Rounds.


def pruned(**said: Any) -> PrunedMask:
    found = Resolver().mask(network().train().prune(fraction=0.4, by="synflow", rounds=said.pop("rounds", 1)))
    assert isinstance(found, PrunedMask)
    return replace(found, **said)


def test_rounds_that_are_refused_when_they_run_are_told_before(lab: Lab) -> None:
    """Sentences refuse them; a history that was kept from before may have them."""
    with pytest.raises(RequestError, match="structure '1:2' prunes once"):
        Workshop(lab.store).prepare([pruned(structure="1:2", fraction=Fraction(1, 2), rounds=3)])
    Workshop(lab.store).prepare([pruned(structure="1:2", fraction=Fraction(1, 2))])


@pytest.mark.parametrize(("rounds", "tried"), [(1, []), (2, [2]), (100, [2])])
def test_rounds_are_tried_where_there_are_some(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, rounds: int, tried: list[int]
) -> None:
    seen: list[int] = []
    real = rehearse.iterate

    def spy(*given: Any, **how: Any) -> Any:
        seen.append(how["rounds"])
        return real(*given, **how)

    monkeypatch.setattr(rehearse, "iterate", spy)
    Workshop(lab.store).prepare([pruned(rounds=rounds)])
    assert seen == tried
