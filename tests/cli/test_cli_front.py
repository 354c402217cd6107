"""The command line as a whole: its verbs and options, its front page, its errors and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

import whether as package
from whether.cli import app
from whether.errors import DamageError, WorkError

VERBS = {
    "list": ["--data", "--json", "--words"],
    "show": ["--json", "--lab", "--picture", "NAME"],
    "new": ["--because", "--claim", "--control", "--no", "--question", "--size", "--yes", "FILE.py"],
    "plan": ["--calibrate", "--devices", "--json", "--lab", "--open-test", "--pieces", "--seed", "--sweep", "NAME"],
    "register": [
        *("--authority", "--authority-certificate", "--budget", "--git-tag", "--json", "--lab", "--notes"),
        *("--open-test", "--pilot", "--title", "--uncontrolled", "--underpowered", "NAME"),
    ],
    "amend": ["--because", "--json", "--lab", "--pilot", "--study", "--uncontrolled", "--underpowered", "NAME"],
    "deviate": ["--because", "--effect", "--json", "--lab", "--reason", "--study", "--what", "NAME"],
    "run": [
        *("--ahead", "--budget", "--exploratory", "--json", "--lab", "--mixed", "--on", "--open-test", "--print"),
        *("--seed", "--sweep", "NAME"),
    ],
    "retry": ["--json", "--lab", "--on", "--pdb", "DIGEST"],
    "answer": ["--json", "--lab", "--open-test", "--runs", "--seed", "NAME"],
    "report": ["--format", "--json", "--lab", "--open", "--open-test", "--paper", "--seed", "--to", "NAME"],
    "why": ["--json", "--lab", "--open-test", "--seed", "DIGEST", "NAME"],
    "diff": ["--json", "--lab", "A", "B"],
    "sabotage": ["--json", "--lab", "--seed", "NAME"],
    "cover": [
        *("--ask", "--blank", "--blind", "--form", "--json", "--lab", "--open-test", "--seed", "--to", "NAME"),
    ],
    "criteria": [],
    "status": ["--json", "--lab", "--live"],
    "verify": ["--authority-certificate", "--json", "--lab", "BUNDLE"],
    "clean": ["--json", "--lab", "--yes"],
    "push": ["--json", "--lab", "URL"],
    "pull": ["--json", "--lab", "URL"],
    "bundle": ["--json", "--lab", "--open-test", "--seed", "--states", "--to", "NAME"],
    "reproduce": ["--arms", "--by", "--json", "--lab", "--on", "--replicates", "--to", "--trust", "BUNDLE"],
    "serve": ["--host", "--json", "--lab", "--open", "--port"],
    "bench": ["--json", "--lab", "--update"],
}
"""The command line is an interface: scripts of others hang on it. Change this table only with the changelog."""

HEAVY = ("torch", "numpy", "scipy", "pandas", "matplotlib", "jinja2", "pyarrow", "rich")


def fresh(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestVerbs:
    def test_verbs_and_options_are_frozen(self) -> None:
        found = {
            name: sorted(_called(param) for param in verb.params if _called(param) != "--help")
            for name, verb in _group().commands.items()
        }
        assert found == VERBS
        assert sorted(_called(param) for param in _group().params) == ["--lab", "--version"]

    def test_every_verb_says_what_it_does_in_a_line(self, whether: Any) -> None:
        done = whether("--help")
        assert done.code == 0
        for name, verb in _group().commands.items():
            first = (verb.help or "").partition("\n")[0]
            assert first.endswith(".")
            assert f"  {name:<9} {first}\n" in done.out  # which it does on a line of 80 columns

    @pytest.mark.parametrize("verb", VERBS)
    def test_every_verb_explains_itself(self, verb: str, whether: Any) -> None:
        done = whether(verb, "-h")
        assert (done.code, done.err) == (0, "")
        assert f"Usage: whether {verb}" in done.out

    def test_version(self, whether: Any) -> None:
        assert whether("--version").out == f"whether {package.__version__}\n"

    def test_alone_it_shows_what_one_can_ask(self, whether: Any) -> None:
        done = whether()
        assert done.code == 0
        assert "Ask whether. Get an answer either way." in done.out
        for said in ("lottery-ticket  ", "xor  ", "whether show ", "whether run ", "whether new "):
            assert f"\n  {said}" in done.out

    def test_as_a_module(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "whether", "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"whether {package.__version__}\n"


class TestLight:
    def test_no_garbage_is_looked_for_as_the_process_ends(self) -> None:
        first = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count() > 0))"  # the last to be called
        for command, expected in ("pass", "False\n"), ("main(['--version'])", "True\n"):
            assert fresh(f"{first}\nfrom whether.cli import main\n{command}").endswith(expected)

    def test_importing_the_command_line_imports_nothing_heavy(self) -> None:
        assert fresh(f"import sys, whether.cli; print([name for name in {HEAVY} if name in sys.modules])") == "[]\n"

    @pytest.mark.parametrize("words", [["--help"], [], ["list"], ["list", "--words"], ["show", "xor"], ["plan", "xor"]])
    def test_neither_do_verbs_that_only_tell(self, words: list[str]) -> None:
        counts = words in (["show", "xor"], ["plan", "xor"])  # which takes NumPy, or SciPy
        heavy = HEAVY if not counts else ("torch", "pandas", "matplotlib", "jinja2", "pyarrow", "rich")
        code = f"import sys, whether.cli; whether.cli.main({words}); print([n for n in {heavy} if n in sys.modules])"
        assert fresh(code).splitlines()[-1] == "[]"

    def test_reading_imports_no_torch(self, whether: Any, lab: Any, signs: Path) -> None:
        whether("run", "signs.py", "replicates=3")
        assert (signs.parent / "lab").is_dir()
        verbs = [["status"], ["answer", "signs"], ["report", "signs.py"], ["verify"], ["clean"], ["plan", "signs.py"]]
        code = f"import sys; from whether.cli import main; print([main(v) for v in {verbs}], 'torch' in sys.modules)"
        # A quiet lab's numbers have no records, which `verify` finds.
        assert fresh(code).splitlines()[-1] == "[0, 0, 0, 3, 0, 0] False"


class TestErrors:
    def test_an_unknown_verb_is_told_the_nearest(self, whether: Any) -> None:
        done = whether("rnu", "xor")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: unknown verb 'rnu'; did you mean 'run'")

    @pytest.mark.parametrize("word", ["xor", "signs.py"])
    def test_a_question_where_a_verb_should_stand(self, word: str, whether: Any) -> None:
        done = whether(word)
        assert (done.code, done.err) == (
            2,
            f"error: {word} is a question; what about it? To answer it: whether run {word}\n",
        )

    def test_an_option_without_a_question(self, whether: Any) -> None:
        done = whether("rounds=3")
        assert done.code == 2
        assert "rounds=3 is an option, but of what?" in done.err

    def test_an_unknown_flag(self, whether: Any) -> None:
        done = whether("run", "xor", "--replicates", "4")
        assert done.code == 2
        assert done.err == (
            "error: no such option: --replicates. A question's own options are written without dashes: replicates=…. "
            "`whether run --help` shows what it takes.\n"
        )

    def test_a_flag_of_the_wrong_type(self, whether: Any) -> None:
        done = whether("run", "xor", "--seed", "first")
        assert done.code == 2
        assert done.err == "error: --seed is 'first'; expected a whole number, such as --seed 7.\n"

    def test_several_problems_are_a_list(self, whether: Any) -> None:
        done = whether("plan", "xro", "signs.py", "--sweep", "a=1")
        assert (done.code, done.out) == (2, "")
        lines = done.err.splitlines()
        assert lines[0] == "error: 3 things are wrong:"
        assert [line[:4] for line in lines[1:]] == ["  - "] * 3

    def test_nothing_asked(self, whether: Any) -> None:
        done = whether("run")
        assert done.code == 2
        assert done.err.startswith("error: which question? Known: ")

    @pytest.mark.parametrize(
        ("error", "code", "said"),
        [
            (WorkError("the disk is full"), 1, "error: the disk is full\n"),
            (DamageError("a record is damaged"), 3, "error: a record is damaged\n"),
            (
                ZeroDivisionError("division by zero"),
                1,
                "error: ZeroDivisionError: division by zero. This is a fault in",
            ),
            (OSError(28, "No space left on device"), 1, "error: the system refused: OSError: [Errno 28] No space left"),
            (KeyboardInterrupt(), 130, "stopped; nothing done is lost: the same command goes on\n"),
        ],
    )
    def test_each_kind_has_its_exit_code_and_no_traceback(
        self, error: BaseException, code: int, said: str, whether: Any, lab: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*asked: Any, **how: Any) -> None:
            raise error

        monkeypatch.setattr(lab, "run", refuse)
        done = whether("run", "xor", "replicates=3")
        assert done.code == code
        assert done.err.startswith(said)
        assert "Traceback" not in done.err + done.out

    def test_the_traceback_is_there_for_those_who_ask(
        self, whether: Any, lab: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WHETHER_DEBUG", "1")
        monkeypatch.setattr(lab, "run", lambda *asked, **how: 1 / 0)
        done = whether("run", "xor", "replicates=3")
        assert done.code == 1
        assert "Traceback (most recent call last)" in done.err

    def test_a_real_interrupt_of_a_real_process(self, folder: Path) -> None:
        (folder / "slow.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
        done = subprocess.run(
            [sys.executable, "-m", "whether", "show", "slow.py"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 130
        assert done.stderr == "stopped; nothing done is lost: the same command goes on\n"


class TestStreams:
    def test_a_terminal_that_knows_few_signs(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "whether", "list", "--words"],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        )
        assert b"mlp-<width>-? " in done.stdout

    def test_a_reader_that_leaves(self) -> None:
        code = "import sys; from whether.cli import main; sys.exit(main(['list', '--words']))"
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
        os.close(write)
        assert done.stderr == b""


class TestWhere:
    def test_the_lab_may_be_named_before_the_verb_or_after_it(self, whether: Any, lab: Any, folder: Path) -> None:
        assert whether("--lab", "here", "run", "xor", "replicates=2").code == 0
        assert whether("run", "xor", "replicates=2", "--lab", "there").code == 0
        assert whether("--lab", "nowhere", "run", "--lab", "there", "xor", "replicates=2").code == 0
        assert sorted(path.name for path in folder.iterdir()) == ["here", "there"]

    def test_options_stand_anywhere(self, whether: Any, lab: Any) -> None:
        for words in (
            ["replicates=2", "run", "xor", "s=5"],
            ["run", "s=5", "xor", "replicates=2"],
            ["run", "xor", "--seed", "0", "s=5", "--json", "replicates=2"],
        ):
            assert whether(*words).code == 0
        assert {(made.replicates, made.options["s"]) for made, _, _ in lab.asked} == {(2, 5.0)}

    def test_code_of_ones_own_is_found_in_the_working_directory(self, whether: Any) -> None:
        assert whether("list").code == 0
        assert "" in sys.path

    def test_every_reading_verb_speaks_json(self, whether: Any, lab: Any, signs: Path) -> None:
        whether("run", "signs.py", "replicates=3")
        for words in (["list"], ["list", "--words"], ["show", "xor"], ["plan", "xor"], ["answer"], ["report"]):
            json.loads(whether(*words, "--json").out)
        for words in (["status"], ["why", "abcd"], ["verify"], ["clean"]):
            json.loads(whether(*words, "--json").out)


def _group() -> Any:
    return typer.main.get_command(app)


def _called(param: Any) -> str:
    """The long form of an option, the first word of an argument's place."""
    long = [name for name in param.opts if name.startswith("--")]
    return long[0] if long else str(param.metavar or param.name).split()[0]
