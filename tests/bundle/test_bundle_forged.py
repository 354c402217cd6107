"""A forger who seals everything anew: what is found all the same, and what only making it again finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_cases import change_json, findings, manifest_again
from forge_cases import forged, meaning, redesigned, resealed, sized, swapped

from whether import Lab
from whether.answer import Answer
from whether.bundle.archive import opened
from whether.bundle.check import look
from whether.cli import main

Change = Callable[[Answer], Answer]


def copied(root: Path, tmp_path: Path) -> Path:
    return shutil.copytree(root, tmp_path / "lab")


def first(answer: Answer, **changes: object) -> Answer:
    return replace(answer, table=[replace(answer.table[0], **changes), *answer.table[1:]])  # type: ignore[arg-type]


def cut(answer: Answer) -> Answer:
    """Without its last replicate, as if fewer had been asked for."""
    fewer = answer.planned - 1
    table = [run for run in answer.table if run.replicate < fewer]
    return replace(answer, table=table, planned=fewer, replicates=fewer, schedule=[fewer])


def noted(answer: Answer) -> Answer:
    return replace(answer, table=[replace(run, note="") for run in answer.table])


def other_data(answer: Answer, **changes: object) -> Answer:
    return replace(answer, data={**answer.data, **changes})


BY_THE_RECORDS: dict[str, tuple[Change, str]] = {
    "another meaning": (
        lambda it: meaning(it, better="lower", resolution=0.0, unit="%"),
        "The numbers of trained are not what they are said to be: resolution, unit, better",
    ),
    "another worst": (lambda it: meaning(it, worst=3.0), "a run that diverged counts as 3.0"),
    "no word of divergence": (noted, "has another note than its record"),
    "another network": (lambda it: first(it, state="ab" * 32), "is said to be of abababababab"),
    "another length": (lambda it: first(it, steps=9), "at 9 iterations, and its record is not"),
    "another x": (lambda it: first(it, x=7.0), "is said to be of another family, or to have another x"),
    "other data": (lambda it: other_data(it, content="ab" * 32), "data of another content"),
    "another split": (lambda it: other_data(it, split="test"), "measured on the split 'test'"),
    "arms that changed places": (lambda it: swapped(it, "trained", "again"), "is not the history that was registered"),
    "a smaller size": (lambda it: sized(it, 1e-3), "Its claims or its rule are not those that were registered"),
}


class TestFound:
    def test_nothing_changed_nothing_found(self, made, tmp_path: Path) -> None:
        forged(copied(made.folder / "lab", tmp_path), tmp_path / "b.zip", lambda answer: answer)
        assert findings(tmp_path / "b.zip") == []

    @pytest.mark.parametrize("name", BY_THE_RECORDS)
    def test_by_what_stands_elsewhere(self, name: str, made, tmp_path: Path) -> None:
        change, what = BY_THE_RECORDS[name]
        forged(copied(made.folder / "lab", tmp_path), tmp_path / "b.zip", change)
        assert any(what in item for item in findings(tmp_path / "b.zip"))

    @pytest.mark.parametrize(
        "change", [lambda it: swapped(it, "ticket", "fresh pair"), lambda it: sized(it, 1e-3), cut]
    )
    def test_an_exploratory_answer_by_its_digest(self, change: Change, explored: Lab, tmp_path: Path) -> None:
        forged(copied(explored.root, tmp_path), tmp_path / "b.zip", change)
        assert any(
            "Its digest is not that of its claims, its rule and its runs" in x for x in findings(tmp_path / "b.zip")
        )

    def test_a_history_that_is_another(self, bundle: Path) -> None:
        """The record under a registered digest says that something else was done."""
        digest = run_of(bundle)["measure"]
        path = bundle / "lab" / "records" / digest[:2] / f"{digest}.json"
        change_json(path, lambda said: said["history"][digest].update(split="test"))
        resealed(path)
        manifest_again(bundle)
        assert any("is not of what its record says" in item for item in findings(bundle))

    def test_numbers_without_training(self, bundle: Path) -> None:
        run = run_of(bundle)
        (bundle / "lab" / "records" / run["state"][:2] / f"{run['state']}.json").unlink()
        resealed(bundle / "lab" / "records" / run["measure"][:2] / f"{run['measure']}.json", parents={})
        manifest_again(bundle)
        assert any("has no history that can be followed" in item for item in findings(bundle))


class TestWithheld:
    @pytest.mark.parametrize(
        ("changes", "what"),
        [
            ({"withheld": ["value"]}, "It says that value is withheld, which never is."),
            ({"withheld": []}, "It does not say what is withheld from it"),
            ({"sealed_as": None}, "It does not say what is withheld from it"),
            ({"host": "elsewhere"}, "something is withheld, and still names its host"),
        ],
    )
    def test_only_what_may_be(self, changes: dict[str, object], what: str, bundle: Path) -> None:
        digest = run_of(bundle)["state"]
        place = f"lab/records/{digest[:2]}/{digest}.json"
        resealed(bundle / place, **changes)
        manifest_again(bundle)
        assert any(item.startswith(f"{place}: {what}") or (place in item and what in item) for item in findings(bundle))


class TestOnlyMakingItAgainFinds:
    """What the guide says of verification: it takes whoever made the lab at their word on what the runs gave."""

    def test_another_number_sealed_anew_from_there_on(self, made, tmp_path: Path) -> None:
        value = {made.answer.table[0].measure: 99.0}
        answer = forged(copied(made.folder / "lab", tmp_path), tmp_path / "b.zip", lambda it: it, value)
        assert answer.table[0].value == 99.0
        assert findings(tmp_path / "b.zip") == []

    def test_it_is_found_by_making_it_again(
        self, explored: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer = explored.latest()
        assert answer is not None
        run = answer.table[0]
        values = {run.measure: 100.0 - run.value}
        forged(copied(explored.root, tmp_path), tmp_path / "b.zip", lambda it: it, values)
        monkeypatch.chdir(tmp_path)
        assert main(["verify", "b.zip"]) == 0
        assert main(["reproduce", "b.zip", "--trust", "--replicates", "1"]) == 1
        out = capsys.readouterr().out
        assert "does not agree  xor" in out
        assert "1 run with the original's very weights measured otherwise than it says" in out

    def test_an_exploratory_answer_with_another_design(self, explored: Lab, tmp_path: Path) -> None:
        forged(copied(explored.root, tmp_path), tmp_path / "b.zip", lambda it: redesigned(sized(it, 1e-3)))
        assert findings(tmp_path / "b.zip") == []


class TestOtherVersions:
    def test_words_of_another_are_not_compared_and_numbers_are(self, bundle: Path) -> None:
        change_json(bundle / "bundle.json", lambda said: said.update(code="ab" * 32))
        page = bundle / "cover" / "cover.html"
        page.write_text(page.read_text() + "<!-- drawn by another -->")
        change_json(bundle / "cover" / "cover.json", lambda said: said["fields"]["code"].update(text="Otherwise."))
        manifest_again(bundle)
        with opened(bundle) as found:
            seen = look(found)
        assert (seen.findings, seen.exact) == ([], False)
        change_json(bundle / "cover" / "cover.json", lambda said: said["fields"]["runs"]["value"].update(diverged=0))
        table = bundle / "results" / "runs.csv"
        table.write_text(table.read_text().replace("diverged", "done", 1))
        manifest_again(bundle)
        found_now = findings(bundle)
        assert any("it says otherwise of: runs" in item for item in found_now)
        assert "results/runs.csv: Its rows are not the runs of the answer." in found_now


class TestStrays:
    def test_an_answer_whose_name_leads_elsewhere(self, bundle: Path) -> None:
        """A reproduction is written into a folder of this name."""
        (answer,) = (bundle / "lab" / "answers").glob("*/answer.json")
        name = f"{answer.parent.name}/../../../../elsewhere"
        change_json(answer, lambda said: said.update(name=name))
        manifest_again(bundle)
        assert any("The answer stands in a folder of another name." in item for item in findings(bundle))

    @pytest.mark.parametrize(
        "name", ["numpy.py", "lab/work/x", "lab/answers/other-00000000/page.html", "results/x.csv"]
    )
    def test_a_file_that_belongs_nowhere(self, name: str, bundle: Path) -> None:
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_text("x")
        manifest_again(bundle)
        assert f"{name}: No bundle has such a file." in findings(bundle)

    @pytest.mark.parametrize("changes", [{"source": "../evil.py"}, {"kind": "catalogue"}, {"command": "rm -rf /"}])
    def test_a_question_from_elsewhere(self, changes: dict[str, str], bundle: Path) -> None:
        change_json(bundle / "question" / "question.json", lambda said: said.update(changes))
        manifest_again(bundle)
        (what,) = changes
        told = f"question/question.json: It says otherwise than the answer: {what}."
        assert told in findings(bundle)


def run_of(bundle: Path) -> dict[str, str]:
    import json

    (path,) = (bundle / "lab" / "answers").glob("*/answer.json")
    run: dict[str, str] = next(run for run in json.loads(path.read_text())["table"] if run["outcome"] == "done")
    return run
