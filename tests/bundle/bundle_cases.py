"""A small lab with every kind of run, its bundle, and ways to tamper with it as somebody would who knows its make."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from whether import Lab
from whether.answer import Answer
from whether.bundle import contents, crate
from whether.bundle.archive import opened
from whether.bundle.check import look
from whether.catalogue.find import find
from whether.cover import hand
from whether.cover.filled import fill
from whether.cover.render import render
from whether.cover.sheet import Sheet
from whether.plan.plan import ask
from whether.registration import freeze
from whether.seeds import Seed
from whether.store.folder import Store
from whether.store.sealed import SEAL, seal
from whether.studies import Draft

HOST, FOLDER = "lovelace-07", "/home/ada/secret/nets.py"
SIGNS = '''\
"""A question of one's own."""

import numbers_of_mine
from whether import Network, Question, Recipe, adam, not_worse, question

RECIPE = Recipe(optimizer=adam(0.01), total="10it", batch=60)


@question(category="science")
def tiny(model="nets:small", by=60.0):
    """Does it do as well <b>again</b>?"""

    def arms(rep):
        start = Network(model, data="digits", seed=rep, recipe=RECIPE)
        return {"trained": start.train(), "again": start.train(order=rep.seed("again"))}

    claims = [not_worse("trained", "again", by=by, because=numbers_of_mine.WHY)]
    return Question(arms, claims=claims, if_yes="It does.", if_no="It does not.", replicates=4)
'''
NETS = """\
from torch import nn


def small(shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.ReLU(), nn.Linear(4, classes))
"""
SAID = {
    "authors": "Ada Example\nBob Example",
    "conflicts": "None.",
    "limits": "Nothing about large networks.",
}
GATES = [
    {"name": name, "passed": True, "waived": False, "message": "so"}
    for name in ("outcomes", "answerable either way", "controls")
]
PLANNED = {"yes": 0.9, "no": 0.95, "when_yes": "so", "when_no": "not so", "enough": None, "sd": "stated"}


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """In a folder of one's own, whose modules are forgotten afterwards."""
    before, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, "")
    try:
        yield
    finally:
        os.chdir(before)
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]


def make(folder: Path) -> Answer:
    """A lab in which a registered question of one's own was answered; one run diverged, one always failed."""
    (folder / "signs.py").write_text(SIGNS, encoding="utf-8")
    (folder / "nets.py").write_text(NETS, encoding="utf-8")
    (folder / "numbers_of_mine.py").write_text('WHY = "less is noise"\n', encoding="utf-8")
    lab = Lab(folder / "lab")
    with working_in(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("whether.report.write.render", _pages)
        patch.setattr("whether.studies.token_hex", lambda size: "ab" * size)
        question = find("signs.py")()
        before = ask(question, seed=Seed(0), open_test=False)
        frozen = freeze(before, planned=PLANNED, answerable={"n": [4], "yes": [0.9], "no": [0.9]}, gates=GATES)
        lab.studies.register([Draft(before, frozen)], title="Again and again")
        lab.run(question)
        asked = lab.ask(question)
        rewrite_record(lab, asked.arms[1][0][1].digest, value=None, outcome="diverged", note="diverged")
        broken = {"error": f"RuntimeError ({FOLDER}, line 3) on {HOST}", "failure": "raised", "traceback": FOLDER}
        failed = {"value": None, "outcome": "failed", "note": "failed", "host": HOST, "parents": {}}
        rewrite_record(lab, asked.arms[2][0][1].digest, **failed, **broken)
        forget_looks(lab)
        return lab.run(question)


def _pages(answer: Answer) -> dict[str, bytes]:
    from whether.report.write import runs_csv

    page = f"<p>{answer.verdict}, made in {Path.cwd()}/signs.py</p>"
    return {"report.html": page.encode(), "runs.csv": runs_csv(answer).encode(), "figures/claims.png": b"\x89PNG..."}


def forget_looks(lab: Lab) -> None:
    """Take back the ledger's last entries, so that the question is asked again of the records as they are now."""
    for path in sorted((lab.root / "ledger").glob("*.json"))[1:]:
        path.unlink()
    for path in (lab.root / "answers").glob("*/answer.json"):
        path.unlink()


def rewrite_record(lab: Lab, digest: str, **changes: Any) -> None:
    path = lab.root / "records" / digest[:2] / f"{digest}.json"
    said = json.loads(path.read_text()) | changes
    said.pop(SEAL)
    path.chmod(0o644)
    path.write_bytes(seal(said))


def sheet_of(store: Store, answer: Answer, said: hand.Hand | None = None) -> dict[str, bytes]:
    """The cover sheet's files, as the verb makes them."""
    return render(Sheet.from_json(fill(store, answer, said).to_json()))


def packed(folder: Path, answer: Answer, *, states: bool = False) -> bytes:
    """The bundle of the answer in a folder that `make` filled."""
    lab = Lab(folder / "lab", create=False)
    with working_in(folder):
        gathered = contents.gather(lab.store, answer, states=states, same_design=True)
        said = hand.Hand(said={name: hand.Words(text=text) for name, text in SAID.items()}, name="hand.toml")
        cover = sheet_of(lab.store, answer, said) | {"hand.toml": hand.write(said).encode()}
        told = crate.Told(authors=("Ada Example", "Bob Example"), licence="https://spdx.org/licenses/CC-BY-4.0")
        file = io.BytesIO()
        contents.write(gathered, file, cover=cover, told=told)
    return file.getvalue()


def findings(path: Path) -> list[str]:
    """What is found of a bundle, as place and text."""
    with opened(path) as bundle:
        return [f"{item.place}: {item.what}" for item in look(bundle).findings]


def manifest_again(root: Path) -> None:
    """The manifest as whoever tampers writes it anew."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != "manifest-sha256.txt"
    ]
    (root / "manifest-sha256.txt").write_text("".join(lines), encoding="utf-8")


def bend(raw: bytes) -> bytes:
    """The bytes with one bit turned, in the middle."""
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def change_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    change(said)
    path.write_text(json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def zip_of(members: Mapping[str, bytes], path: Path, change: Callable[[zipfile.ZipInfo], None] | None = None) -> Path:
    """An archive of anything; `change` may bend what it says of a member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change is not None:
                change(info)
            archive.writestr(info, raw)
    return path
