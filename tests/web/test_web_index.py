"""The list of questions: states, filters, what is told in a row, and what is read again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from web_cases import add, bench, folder_of, get, read

from whether.answer import Answer
from whether.store.folder import Store
from whether.web import view as views
from whether.web.app import create_app
from whether.web.rows import ago, choices, chosen, differing, effect, questions_of, rows
from whether.web.view import Listed, View


def listed(name: str, place: int = 1, **fields: Any) -> Listed:
    answer = replace(bench().answer_of(name, 4, 5, place), **fields)
    return Listed(f"{name}-{answer.digest[:8]}", name, answer)


def at_work(root: Path, *names: str, alive: bool = True) -> None:
    """A command that says it answers these questions: this process, or one that is gone."""
    from whether.store.claims import _here, _started

    host, boot = _here()
    pid = os.getpid() if alive else 2**22 - 1
    said = {"id": "me-1", "host": host, "boot": boot, "pid": pid, "started": _started(pid), "counter": 1}
    folder = root / "work" / "drivers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "me-1.json").write_text(json.dumps(said | {"status": {"questions": list(names)}}))


class TestStates:
    def test_registered_and_not_answered_is_asked(self, shown: Any) -> None:
        page = read(get(shown, "/"))
        assert "Asked, not yet answered 1" in page.words
        assert "Answered 3" in page.words
        assert "whether run open-question s=1.0" in page.words
        assert "/questions/open-question" in page.links()

    def test_what_somebody_works_at_is_running(self, root: Path) -> None:
        at_work(root, "open-question", "brand-new")
        page = read(get(create_app(root), "/"))
        assert "Running now 2" in page.words
        assert "Asked, not yet answered" not in page.words
        assert get(create_app(root), "/questions/brand-new").status == 200

    def test_what_a_dead_process_said_is_not(self, root: Path) -> None:
        at_work(root, "open-question", alive=False)
        assert "Running now" not in get(create_app(root), "/").text

    def test_their_order(self, made: Path) -> None:
        view = View(made)
        said = [{"status": {"questions": ["other"]}}]
        found = [row.state for row in rows(view.answers(), view.studies(), said)]
        assert found == ["running", "asked", "answered", "answered", "answered"]

    @pytest.mark.parametrize("status", [None, 7, "x", {}, {"questions": None}, {"questions": "xor"}, {"questions": 3}])
    def test_a_status_that_says_nothing(self, status: Any) -> None:
        assert questions_of({"status": status}) == []

    def test_an_empty_lab_says_how_to_begin(self, tmp_path: Path) -> None:
        store = Store.find(tmp_path / "lab")
        app = create_app(store.root)
        page = read(get(app, "/"))
        assert "Nothing was asked in this lab yet." in page.words
        assert "whether run xor" in page.words
        assert "xor" in [link.removeprefix("/questions/") for link in page.links()]
        assert "Nothing is registered in this lab." in read(get(app, "/studies")).words
        assert "It is empty" in read(get(app, "/ledger")).words
        assert "It was not asked in this lab yet." in read(get(app, "/questions/xor")).words

    def test_the_catalogue_is_folded_below(self, root: Path) -> None:
        assert "Two ReLU units" in read(get(create_app(root), "/questions/xor")).words
        add(Store(root), bench().answer_of("xor", 4, 5, 1))
        page = read(get(create_app(root), "/"))
        folded = page.words.partition("of the catalogue not asked here yet")[2]
        assert "lottery-ticket" in folded
        assert " xor " not in folded


class TestFilters:
    def test_by_query(self, shown: Any) -> None:
        every = [item for item in View(shown.state.view.store.root).answers() if item.answer]
        for key in ("verdict", "grade"):
            for value in {getattr(item.answer, key) for item in every}:
                page = read(get(shown, f"/?state=answered&{key}={value}"))
                links = {link.removeprefix("/answers/") for link in page.links() if link.startswith("/answers/")}
                assert links == {item.folder for item in every if getattr(item.answer, key) == value}
        assert "Asked, not yet answered 1" in read(get(shown, "/?state=asked")).words
        assert "Answered" not in read(get(shown, "/?state=asked")).named("h2")

    def test_what_nothing_matches(self, shown: Any) -> None:
        page = read(get(shown, "/?verdict=%3Cscript%3E&grade=x"))
        assert "No question of this lab has all of that." in page.words
        assert page.named("script") == []
        assert {"value": "<script>", "selected": ""} in page.named("option")

    def test_they_are_pure(self) -> None:
        found = rows([listed("a", verdict="yes"), listed("b", verdict="no", grade="registered")], [], [])
        assert [row.name for row in chosen(found, {"verdict": "no"})] == ["b"]
        assert [row.name for row in chosen(found, {"verdict": "", "other": "x"})] == ["a", "b"]
        assert choices(found)["grade"] == ["exploratory", "registered"]


class TestRows:
    def test_options_that_differ_are_named(self) -> None:
        one, other = (
            listed("a", digest=str(place) * 64, options={"model": "mlp", "rounds": str(place)}) for place in (1, 2)
        )
        lone = listed("b", digest="3" * 64, options={"model": "vgg"})
        told = differing([item.answer for item in (one, other, lone) if item.answer])
        assert told == {"1" * 64: ["rounds=1"], "2" * 64: ["rounds=2"], "3" * 64: []}

    def test_the_claim_that_made_the_verdict_is_told(self) -> None:
        answer = bench().answer_of("a", 4, 5, 1)
        made = {"estimate": 1.25, "low": 0.75, "high": 1.75, "level": 0.05, "unit": "points"}
        yes, no = (replace(answer.claims[0], verdict=verdict, said=verdict, **made) for verdict in ("yes", "no"))
        told = "1.25 points (90 % interval 0.75 to 1.75)"
        assert effect(replace(answer, verdict="no", claims=[yes, no])) == ("no (and 1 more claim)", told)
        assert effect(replace(answer, verdict="yes", claims=[yes])) == ("yes", told)
        assert effect(replace(answer, verdict="inconclusive", claims=[yes, no]))[0] == "yes (and 1 more claim)"
        assert effect(replace(answer, verdict="yes", claims=[replace(yes, low=None, high=None)]))[1] == "1.25 points"
        assert effect(replace(answer, claims=[])) == ("", "")

    def test_ages(self) -> None:
        now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        for iso, told in (
            ("2026-03-02T11:59:59+00:00", "just now"),
            ("2026-03-02T11:59:00+00:00", "1 minute ago"),
            ("2026-03-01T11:00:00+00:00", "1 day ago"),
            ("2023-03-01", "3 years ago"),
            ("2027-01-01", "just now"),
            ("", ""),
        ):
            assert ago(iso, now) == told

    def test_the_newest_comes_first(self, root: Path) -> None:
        answer = bench().answer_of("newest", 4, 5, 1)
        add(Store(root), replace(answer, circumstances={"time": "2026-11-11T00:00:00+00:00"}))
        assert View(root).answers()[0].question == "newest"


class TestKept:
    def test_an_answer_is_read_again_only_when_its_file_changed(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        judged: list[str] = []
        usual = views.judge
        monkeypatch.setattr(views, "judge", lambda name, *given: judged.append(name) or usual(name, *given))
        view = View(root)
        first = view.answers()
        assert sorted(judged) == sorted(item.folder for item in first)
        assert view.answers() == first
        assert view.answer(folder_of("question-01")) in first
        assert len(judged) == 3
        file = root / "answers" / folder_of("question-01") / "answer.json"
        os.utime(file, ns=(1, 1))
        assert view.answers() == first
        assert judged[3:] == [folder_of("question-01")]

    def test_a_new_answer_is_seen_at_once(self, root: Path) -> None:
        view = View(root)
        before = len(view.answers())
        name = add(Store(root), bench().answer_of("new", 4, 5, 1))
        assert len(view.answers()) == before + 1
        found = view.answer(name)
        assert found is not None
        assert isinstance(found.answer, Answer)

    def test_several_threads_see_the_same(self, root: Path) -> None:
        from concurrent.futures import ThreadPoolExecutor

        view = View(root)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: [item.folder for item in view.answers()], range(40)))
        assert all(one == found[0] for one in found)

    def test_what_is_kept_does_not_grow_for_ever(self) -> None:
        from whether.web.stored import Kept

        kept: Kept[int] = Kept(2)
        assert [kept.get(key, 0, lambda key=key: key) for key in (1, 2, 1, 3)] == [1, 2, 1, 3]
        assert kept.get(1, 0, lambda: 9) == 1  # used lately
        assert kept.get(2, 0, lambda: 9) == 9  # let go
        assert kept.get(2, 1, lambda: 7) == 7  # changed
