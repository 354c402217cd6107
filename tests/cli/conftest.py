"""A folder of one's own, a command line to call, and a lab that trains nothing."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from whether.answer import Answer, Column, Run
from whether.campaign import Means
from whether.cli import main
from whether.conclude import conclude
from whether.digest import digest
from whether.execute.progress import Finished, Listener, Measuring, Note, Planned, Training
from whether.plan import Plan, ask, make_plan
from whether.plan.plan import Asked
from whether.question import Question
from whether.seeds import Seed
from whether.store import Store
from whether.studies import Studies

SIGNS = '''\
"""A question of one's own."""

from whether.history import Network, tickets
from whether.question import Question, exceeds, question


@question(category="science", presets={"deep": {"density": 0.05, "widths": [3, 5]}})
def signs(density=0.1, rounds=2, deep=False, widths=[2, 4], rewind="0it", lr=None, s=1.0):
    """Does a winning ticket need the signs it was drawn with?

    A ticket whose signs are drawn again tells.

    Args:
        density: of the ticket, in (0, 1);
            lower is harder.
        rounds: of pruning.
    """

    def arms(rep):
        start = Network("mlp-4", data="digits", seed=rep)
        mask = tickets(start, density=density, rewind=rewind).mask()
        other = start.reinit(rep.seed("signs"), keep="magnitudes")
        return {"ticket": start.masked(mask).train(), "new signs": other.masked(mask).train()}

    return Question(
        arms,
        claims=[exceeds("ticket", "new signs", by=s, because="two seeds differ by less")],
        if_yes="Signs carry the ticket.",
        if_no="The mask alone carries it.",
    )
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, 80 columns wide; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("WHETHER_LAB", "WHETHER_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def signs(folder: Path) -> Path:
    """A file with a question, signs.py."""
    path = folder / "signs.py"
    path.write_text(SIGNS, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


Call = Callable[..., Done]


@pytest.fixture
def whether(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line as a shell would: `whether("run", "xor", "replicates=4")`."""

    def call(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


class QuietLab:
    """A lab that knows each arm's numbers without training: the first arm is always a little better.

    Everything else is real: the store, the plan, the answer and where it is kept.
    """

    events: tuple[Any, ...] = ()
    asked: tuple[Any, ...] = ()
    means: tuple[Any, ...] = ()

    def __init__(self, path: str | Path | None = None, *, create: bool = True) -> None:
        self.store = Store.find(path, create=create)
        self.root = self.store.root
        self.studies = Studies(self.store)

    def ask(self, question: Question, *, open_test: bool = False, seed: int = 0, exploratory: bool = False) -> Asked:
        return self.studies.ask(question, seed=Seed(seed), open_test=open_test, exploratory=exploratory)

    def plan(self, *questions: Question, open_test: bool = False, seed: int = 0) -> Plan:
        return make_plan([ask(question, seed=Seed(seed), open_test=open_test) for question in questions])

    def run(
        self, question: Question, *, open_test: bool = False, seed: int = 0, progress: Listener | None = None
    ) -> Answer:
        QuietLab.asked += ((question, open_test, seed),)
        found = self.answered(question, open_test=open_test, seed=seed)
        tell = progress or (lambda event: None)
        if found is None:
            for event in self.events or self._events(question):
                tell(event)
            found = self._conclude(question, open_test, seed)
        tell(Finished(found))
        return found

    def run_all(
        self,
        questions: list[Question],
        *,
        open_test: bool = False,
        seed: int = 0,
        exploratory: bool = False,
        means: Means | None = None,
        progress: Listener | None = None,
    ) -> list[Answer | None]:
        QuietLab.means += (means,)
        return [self.run(question, open_test=open_test, seed=seed, progress=progress) for question in questions]

    def answered(self, question: Question, *, open_test: bool = False, seed: int = 0) -> Answer | None:
        folder = self.store.answers.open(question.name, _name(question, open_test, seed))
        raw = folder.read("answer.json")
        return None if raw is None else _read(raw)

    def find(self, name: str) -> Answer | None:
        folders = self.store.answers.find(name)
        return _read(folders[0].read("answer.json")) if folders else None

    def latest(self) -> Answer | None:
        folder = self.store.answers.latest()
        return None if folder is None else _read(folder.read("answer.json"))

    def answers(self, *, all_whole: bool = False) -> list[tuple[Path, Answer]]:
        return [(item.path, _read(item.read("answer.json"))) for item in self.store.answers.listing()]

    def folder(self, answer: Answer) -> Path:
        return self.store.answers.open(answer.name, answer.digest).path

    def why(self, prefix: str, *questions: Question, open_test: bool = False, seed: int = 0) -> dict[str, Any]:
        return {
            "label": "mlp-4 on digits, step 400 of 400",
            "sentence": "start = Network('mlp-4')\nstart.train()",
            "named_by": [question.name for question in questions],
            "digest": prefix.ljust(64, "0"),
            "kind": "point",
            "outcome": "done",
            "note": "",
            "step": 400,
            "parents": {"1" * 64: "a" * 64, "2" * 64: "b" * 64},
            "state": {"bytes": 694},
            "curves": {"steps": [0, 200, 400], "values": {"train loss": [None, 0.5, 0.25], "train accuracy": []}},
            "numbers": list(range(20)),
            "checks": [],
            "seal": "3" * 64,
            "state_stands": True,
            "would_train_again_for": [
                "another history: any word of its sentence, its seed, its data or the code that it names"
            ],
        }

    def _events(self, question: Question) -> list[Any]:
        return [
            Planned(self.plan(question)),
            Training(2, "mlp-4 on digits", 0, 100, 0, 4),
            Note("a note"),
            Measuring(4, 4),
        ]

    def _conclude(self, question: Question, open_test: bool, seed: int) -> Answer:
        arms = question.replicate(0, Seed(seed))
        columns = [
            Column(
                arm=arm.name,
                family=arm.family,
                x=arm.x,
                unit="points",
                better="higher",
                share=False,
                resolution=0.1,
                split="validation",
                measure="accuracy",
                runs=[_run(arm.name, place, index) for index in range(question.replicates)],
            )
            for place, arm in enumerate(arms)
        ]
        split = "test" if open_test else "validation"
        data = {"name": "digits", "split": split, "rows": 360, "classes": 10, "one_split": False, "content": ""}
        name = _name(question, open_test, seed)
        answer = conclude(question, columns, digest=name, grade="exploratory", split=split, data=data)
        folder = self.store.answers.open(answer.name, answer.digest)
        folder.write("report.html", b"<title>report</title>")
        self.store.conclude(folder, asdict(answer))
        self.store.answers.point(folder)
        return answer


def _name(question: Question, open_test: bool, seed: int) -> str:
    return digest([question.name, question.replicates, str(dict(question.options)), open_test, seed])


def _read(raw: bytes | None) -> Answer:
    assert raw is not None
    import json

    said = json.loads(raw)
    del said["ledger"]
    return Answer.from_json(json.dumps(said))


def _run(arm: str, place: int, index: int) -> Run:
    return Run(
        arm=arm,
        family=arm,
        x=None,
        replicate=index,
        seed=f"{index:016x}",
        value=97.0 - 3 * place + 0.1 * math.sin(index + place),
        outcome="done",
        note="",
        measure=digest([arm, index]),
        state=digest([arm, index, "state"]),
        steps=400,
    )


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> type[QuietLab]:
    """The command line's lab is a quiet one; its numbers have no records, so there is nothing to audit."""
    monkeypatch.setattr("whether.lab.Lab", QuietLab)
    monkeypatch.setattr("whether.audit.audit", lambda store, progress, *, certificate=None: [])
    monkeypatch.setattr(QuietLab, "asked", ())
    monkeypatch.setattr(QuietLab, "means", ())
    monkeypatch.setattr(QuietLab, "events", ())
    return QuietLab
