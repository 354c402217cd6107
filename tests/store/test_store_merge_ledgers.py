from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from merge_cases import contents, fetched, push, to
from store_cases import CHILD, PARENT, answer_folder

from whether.errors import WorkError
from whether.store import Near, Store, clean, merge, verify


class TestLedgers:
    def test_the_rest_is_carried_over(self, filled: Store, url: str) -> None:
        push(filled, url)
        filled.ledger.append("looked", {"study": "again"})
        merged = push(filled, url)
        assert (merged.entries, merged.adopted) == (1, 0)
        assert contents(url)["ledger/00000003.json"] == filled.ledger.path(3).read_bytes()

    def test_one_that_knows_more_gains_nothing(self, filled: Store, other: Store) -> None:
        to(filled, other)
        other.ledger.append("looked", {"study": "again"})
        assert to(filled, other) == [0, 0, 0, 0]

    def test_those_that_went_different_ways_are_adopted_once(self, store: Store, url: str, tmp_path: Path) -> None:
        store.ledger.append("looked", {"n": 0})
        push(store, url)
        there = fetched(url, tmp_path / "there")
        there.ledger.append("opened", {"data": "digits"})
        push(there, url)
        for data in ("cifar", "digits"):
            store.ledger.append("opened", {"data": data})
        merged = push(store, url)
        assert (merged.entries, merged.adopted) == (0, 2)
        assert push(store, url).adopted == 0
        looked_at = fetched(url, tmp_path / "looked at")
        assert [entry.kind for entry in looked_at.ledger.entries()] == ["looked", "opened", "adopted", "adopted"]
        assert looked_at.ledger.said("opened") == [{"data": "digits"}, {"data": "cifar"}, {"data": "digits"}]
        assert looked_at.ledger.said("looked") == [{"n": 0}]
        body = looked_at.ledger.entries()[2].body
        assert body == {"from": "lab", "entry": json.loads(store.ledger.path(1).read_bytes())}
        assert verify(looked_at) == []

    def test_three_labs_know_the_same_in_the_end(self, store: Store, other: Store, tmp_path: Path) -> None:
        third = Store(shutil.copytree(store.root, tmp_path / "third"))
        labs = [store, other, third]
        for number, lab in enumerate(labs):
            lab.ledger.append("opened", {"data": number})
        for _ in range(2):
            for source in labs:
                for target in labs:
                    if source is not target:
                        to(source, target)
        lengths = [len(lab.ledger.entries()) for lab in labs]
        assert lengths == [3, 3, 3]
        assert [sorted(body["data"] for body in lab.ledger.said("opened")) for lab in labs] == [[0, 1, 2]] * 3
        brought = {entry.body["from"] for entry in third.ledger.entries()[1:]}
        assert brought == {"lab", "other"}
        assert verify(third) == []

    def test_an_adopted_entry_that_says_something_else_is_found(self, store: Store, other: Store) -> None:
        store.ledger.append("opened", {"data": "digits"})
        entry = json.loads(store.ledger.path(0).read_bytes())
        for body in ({"from": "x", "entry": entry | {"body": {"data": "none"}}}, {"from": "x"}, {"entry": [1]}):
            store.ledger.append("adopted", body)
        store.ledger.append("adopted", {"from": "x", "entry": entry})
        found = store.ledger.check()
        assert [finding.place for finding in found] == [f"ledger/0000000{number}.json" for number in (1, 2, 3)]
        assert found[0].what == "It adopts an entry that is not what was written in the lab it came from."
        assert store.ledger.said("opened") == [{"data": "digits"}] * 2
        other.ledger.append("looked", {})
        merged = merge(Near(store), Near(other))
        assert len(merged.damaged) == 3
        assert other.ledger.said("opened") == []  # nothing of a ledger that is not sound

    def test_others_add_to_it_meanwhile(self, filled: Store, other: Store) -> None:
        target = Near(other)
        publish = target.publish

        def slower(where: str, data: bytes) -> bool:
            if where == "ledger/00000001.json":
                other.ledger.append("looked", {"who": "another command"})
                target.publish = publish  # type: ignore[method-assign]
            return publish(where, data)

        target.publish = slower  # type: ignore[method-assign,assignment]
        merge(Near(filled), target)
        kinds = [entry.kind for entry in other.ledger.entries()]
        assert kinds == ["registered", "looked", "adopted", "adopted"]
        assert [body.get("who", "") for body in other.ledger.said("looked")] == ["another command", ""]

    def test_others_that_never_end(self, filled: Store, other: Store) -> None:
        target = Near(other)
        target.publish = lambda where, data: False  # type: ignore[method-assign]
        with pytest.raises(WorkError, match=r"others keep adding to the ledger of .*other; merge again when"):
            merge(Near(filled), target)

    def test_states_dropped_in_a_lab_that_went_another_way_are_not_missed(self, filled: Store, other: Store) -> None:
        other.ledger.append("looked", {"who": "another"})
        clean(filled, {CHILD}, dry_run=False)
        to(filled, other)
        assert not other.states.has(PARENT)
        assert verify(other) == []


class TestAnswers:
    def test_a_newer_one_takes_the_place_of_the_one_it_followed(self, filled: Store, other: Store) -> None:
        to(filled, other)
        answer_folder(filled).write("report.html", b"no")
        filled.conclude(answer_folder(filled), {"verdict": "no"})
        assert merge(Near(filled), Near(other)).answers == 1
        assert verify(other) == []
        assert answer_folder(other).read("report.html") == b"no"

    def test_an_older_one_does_not(self, filled: Store, other: Store) -> None:
        to(filled, other)
        other.conclude(answer_folder(other), {"verdict": "no"})
        merged = merge(Near(filled), Near(other))
        assert (merged.answers, merged.left) == (0, [])
        assert verify(other) == []

    def test_one_that_the_ledger_there_does_not_witness_is_left(self, filled: Store, url: str, tmp_path: Path) -> None:
        other = Store.find(tmp_path / "third")
        other.ledger.append("looked", {})
        push(other, url)
        merged = push(filled, url)
        assert (merged.answers, merged.left, merged.adopted) == (0, ["lottery-ticket"], 3)
        assert verify(fetched(url, tmp_path / "looked at")) == []

    def test_one_that_was_begun_when_the_push_was_cut_off(self, filled: Store, other: Store) -> None:
        to(filled, other)
        (answer_folder(other).path / "answer.json").unlink()
        assert merge(Near(filled), Near(other)).answers == 1
        assert verify(other) == []
