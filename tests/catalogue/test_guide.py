"""The guide's pages say what the questions say, with an answer and a picture each; and the questions are short."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

import whether
from whether.catalogue.find import find, names

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "questions"


def script() -> ModuleType:
    """scripts/catalogue as a module."""
    loader = SourceFileLoader("catalogue_script", str(ROOT / "scripts" / "catalogue"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


guide = script()


@pytest.mark.parametrize("name", names())
def test_a_question_has_its_page_with_an_answer_and_a_picture(name: str) -> None:
    assert list(guide.problems(name)) == []
    text = (GUIDE / f"{name}.md").read_text(encoding="utf-8")
    asked = find(name)()
    assert [said for said in (find(name).text, asked.if_yes, asked.if_no) if said not in text] == []
    told = guide.teller(asked)
    assert [told(claim) for claim in asked.claims if told(claim) not in text] == []
    assert f"whether run {name}" in text
    for picture in guide.pictures(name):
        width, height = Image.open(picture).size
        assert width == 826
        assert height > 100


def test_the_index_is_that_of_the_pages() -> None:
    found = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert found == guide.index({name: guide.block_of(name) for name in names()})
    assert [name for name in names() if f"]({name}.md)" not in found] == []


def test_no_page_is_of_a_question_that_is_gone() -> None:
    shown = {picture.name for name in names() for picture in guide.pictures(name)}
    assert {path.name for path in GUIDE.iterdir()} == {*(f"{name}.md" for name in names()), "README.md", *shown}


@pytest.mark.parametrize("name", names())
def test_a_question_is_short(name: str) -> None:
    path = Path(whether.__file__).parent / "catalogue" / f"{name.replace('-', '_')}.py"
    assert path.read_text(encoding="utf-8").count("\n") <= 120


def test_the_readme_shows_the_catalogue_as_it_is() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"\| \[`([\w-]+)`\]\(docs/guide/questions/([\w-]+)\.md\) \|", text)
    assert sorted(name for name, _ in listed) == names()
    assert all(name == page for name, page in listed)


class TestScript:
    def test_what_is_wrong_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guide, "GUIDE", tmp_path)
        assert [said.partition("; ")[0] for said in guide.problems("xor")] == [
            "xor: there is no page xor.md",
            "xor: its page has no answer",
            "xor: there is no picture xor.png.",
        ]
        guide.write("xor", f"<!-- answer: yes to 0123456789ab with seed 0 -->\nYes.\n{guide.END}")
        (tmp_path / "xor.png").write_bytes(bytes(guide.LARGEST + 1))
        told = list(guide.problems("xor"))
        assert [said.partition("; ")[0] for said in told] == [
            "xor: its answer is to another design than the question has now",
            "xor: its picture has 120,001 bytes",
        ]
        page = tmp_path / "xor.md"
        page.write_text(page.read_text(encoding="utf-8").replace("Two ReLU", "Three ReLU"), encoding="utf-8")
        assert "xor: its page says otherwise than the question" in [
            said.partition(";")[0] for said in guide.problems("xor")
        ]

    def test_an_answer_stays_when_the_text_is_written_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(guide, "GUIDE", tmp_path)
        block = f"<!-- answer: no to 0123456789ab with seed 3 -->\n**No**, it was.\n{guide.END}"
        guide.write("xor", block)
        (tmp_path / "xor.md").write_text(f"# Old words\n\n{block}\n", encoding="utf-8")
        assert guide.main(["--text", "--only", "xor"]) == 0
        text = (tmp_path / "xor.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {find('xor').text}\n")
        assert block in text
        assert "| no |" in (tmp_path / "README.md").read_text(encoding="utf-8")

    def test_pictures_become_small_and_stay_as_they_look(self) -> None:
        picture = Image.new("RGB", (400, 300), "#dbe9f6")
        picture.paste("#0a5fa4", (50, 50, 200, 200))
        buffer = io.BytesIO()
        picture.save(buffer, format="PNG", compress_level=0)
        found = guide.small(buffer.getvalue())
        assert len(found) < 5000
        assert Image.open(io.BytesIO(found)).convert("RGB").tobytes() == picture.tobytes()

    def test_an_unknown_name_is_told(self) -> None:
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "catalogue"), "--text", "--only", "xro"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "unknown question 'xro'; did you mean 'xor'" in done.stderr
