"""What of a bundle is run again, and that it asks what was answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundle_cases import change_json

from whether import Lab
from whether.answer import Answer
from whether.bundle import again
from whether.bundle.archive import opened
from whether.catalogue.find import find
from whether.errors import RequestError


def code(bundle: Path) -> again.Code:
    with opened(bundle) as found:
        return again.code_of(found)


class TestCode:
    def test_files_beside_the_question(self, bundle: Path) -> None:
        found = code(bundle)
        assert (found.word, sorted(found.files)) == ("signs.py", ["nets.py", "numbers_of_mine.py", "signs.py"])

    def test_of_a_notebook(self, bundle: Path) -> None:
        change_json(bundle / "question" / "question.json", lambda said: said.update(kind="unknown"))
        with pytest.raises(RequestError, match="tiny was asked in Python, not of a file"):
            code(bundle)

    def test_of_a_file_that_is_not_in_it(self, bundle: Path) -> None:
        """A file of this name in the reader's own folder is another."""
        (bundle / "question" / "signs.py").unlink()
        with pytest.raises(RequestError, match=r"signs\.py, of which tiny was asked, is not in the bundle"):
            code(bundle)

    @pytest.mark.parametrize("word", ["xorr", "../secret.py", "/etc/evil.py"])
    def test_of_a_catalogue_that_is_another(self, word: str, bundle: Path) -> None:
        change_json(bundle / "question" / "question.json", lambda said: said.update(kind="catalogue", source=word))
        with pytest.raises(RequestError, match="the catalogue of this Whether has no question"):
            code(bundle)

    @pytest.mark.parametrize("name", ["whether/bundle/reproduced.py", "scipy.py", "json.py", "numpy/__init__.py"])
    def test_code_in_the_place_of_other_code(self, name: str, bundle: Path) -> None:
        (bundle / "question" / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / "question" / name).write_text("x")
        top = name.partition("/")[0].removesuffix(".py")
        with pytest.raises(RequestError, match=rf"under names that Python or Whether needs \({top}\)"):
            code(bundle)


@pytest.fixture
def answered(explored: Lab) -> Answer:
    answer = explored.latest()
    assert answer is not None
    return answer


def parts(answer: Answer, lab: Lab, **options: Any) -> list[again.Part]:
    question = find("xor")(replicates=3, steps="40it", **options)
    return again.parts(answer, question, lab.store, replicates=1)


class TestTheSameIsAsked:
    def test_it_is(self, answered: Answer, explored: Lab) -> None:
        assert [part.run for part in parts(answered, explored)] == [run for run in answered.table if not run.replicate]

    def test_claims_of_another_size(self, answered: Answer, explored: Lab) -> None:
        with pytest.raises(RequestError, match=r"asks otherwise than xor was answered.*What differs: claims"):
            parts(answered, explored, s=10.0)

    def test_another_rule(self, answered: Answer, explored: Lab) -> None:
        with pytest.raises(RequestError, match="What differs: alpha; replicates"):
            parts(replace(answered, alpha=0.2, planned=4), explored)

    def test_numbers_that_mean_something_else(self, answered: Answer, explored: Lab) -> None:
        arms = [replace(answered.arms[0], better="lower", worst=100.0), *answered.arms[1:]]
        with pytest.raises(RequestError, match=r"What differs: the numbers of ticket \(better, worst\)"):
            parts(replace(answered, arms=arms), explored)

    def test_other_histories(self, answered: Answer, explored: Lab) -> None:
        with pytest.raises(RequestError, match="would have other histories than in the answer"):
            parts(answered, explored, lr=0.5)
