"""The layout holds: layers, budgets, and one front door."""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

import whether
from whether.history import facts

ROOT = Path(whether.__file__).parent
TESTS = Path(__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# The design's list, and what came since; without torch, so that a wrong word is told at once.
TORCH_FREE = (
    *("answerable", "assumed", "attainable", "gates", "odds", "rehearsal"),
    *("answer", "answered", "campaign", "claim", "conclude", "contrast", "digest", "errors", "evidence", "failures"),
    *("history", "inquiry", "lab", "plan", "question", "recipe", "registration", "retry", "seeds", "settings", "stats"),
    *("fit", "sparsify", "structure"),
    *("stamp", "steps", "words", "store", "catalogue", "report", "cli", "audit", "audit_records", "concluded"),
    *("cover", "bundle", "criteria", "exports", "web", "typeset", "handwritten", "provenance"),
)
PURE = ("prune", "connect", "probe", "perturb", "models", "data", "tasks", "train")
WIRING = ("store", "execute", "cli", "web", "report")
WRITES_FILES = ("store", "data", "cli")  # the lab; the cache of decoded data; `whether new`
LONG_FUNCTIONS: frozenset[str] = frozenset()  # a parser or a kernel, by name
Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=512)
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(module: str) -> str:
    """The part of the package that a module belongs to: "plan" of "whether.plan.width"."""
    return module.split(".")[1] if "." in module else ""


MODULES = {module_of(path): path for path in FILES}


def is_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(module: str, *, when_used: bool = True) -> set[str]:
    """What a module imports, but for type checkers; without `when_used`, only what importing it imports."""
    path, found = MODULES[module], set()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    waiting: list[ast.AST] = [tree_of(path)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*package.split(".")[: -node.level + 1 or None], *filter(None, [node.module])])
                if node.level
                else node.module
            )
            found |= {str(base), *(f"{base}.{alias.name}" for alias in node.names if f"{base}.{alias.name}" in MODULES)}
        elif isinstance(node, Function) and not when_used:
            continue
        else:
            waiting += [
                child
                for child in ast.iter_child_nodes(node)
                if not (isinstance(child, ast.stmt) and is_checking(child))
            ]
    return found


def functions(path: Path) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def is_question(function: Function) -> bool:
    """Whether a function's parameters are a question's options: they are given by name, and are its configuration."""
    return any(ast.unparse(item).startswith("question") for item in function.decorator_list)


def lines_of_code(path: Path, function: Function) -> int:
    """Lines that hold code: no blanks, no comments, no docstring; of a question not its options, one a line."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 1
    first, last = function.lineno, function.end_lineno or 0
    head = set() if is_question(function) else set(range(first, function.body[0].lineno))
    counted = head | set(range(body[0].lineno, last + 1))
    return len(counted & code_lines(path))


@lru_cache(maxsize=512)
def code_lines(path: Path) -> frozenset[int]:
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    found: set[int] = set()
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type not in blank:
                found |= set(range(token.start[0], token.end[0] + 1))
    return frozenset(found)


class TestLayers:
    def test_torch_free_parts_import_no_torch_wherever_in_their_text(self) -> None:
        found = {
            module for module in MODULES if part_of(module) in TORCH_FREE for name in imports(module) if heavy(name)
        }
        assert found == set()

    def test_importing_them_loads_no_torch(self) -> None:
        """In a fresh interpreter, one after the other: whatever they import in turn counts."""
        names = ["whether", *(module for module in MODULES if part_of(module) in TORCH_FREE)]
        code = (
            "import importlib, sys\n"
            f"for name in {names!r}:\n"
            "    importlib.import_module(name)\n"
            "    if 'torch' in sys.modules:\n"
            "        sys.exit(f'importing {name} loads torch')\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_every_pure_part_is_there(self) -> None:
        assert {part_of(module) for module in MODULES} >= {*PURE}

    def test_torch_free_parts_are_there_or_to_come(self) -> None:
        assert {*TORCH_FREE} - {part_of(module) for module in MODULES} <= {"bundle", "criteria", "web"}

    @pytest.mark.parametrize("module", [module for module in MODULES if part_of(module) in PURE])
    def test_pure_parts_reach_no_wiring(self, module: str) -> None:
        seen, waiting = {module}, [module]
        while waiting:
            for name in imports(waiting.pop()) & MODULES.keys() - seen:
                seen.add(name)
                waiting.append(name)
        assert {name for name in seen if part_of(name) in WIRING} == set()

    def test_only_the_store_touches_files(self) -> None:
        acts = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "rename", "replace_file", "open"}
        found = set()
        for module, path in MODULES.items():
            if part_of(module) in WRITES_FILES:
                continue
            for node in ast.walk(tree_of(path)):
                called = node.func if isinstance(node, ast.Call) else None
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                on = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
                if name in acts and not on.endswith(("answers", "opener")):  # a part of the store; an address's
                    found.add(f"{module}: {ast.unparse(node)}")
        assert found == set()

    def test_imports_within_the_package_are_found_at_all(self) -> None:
        assert "whether.execute.stock" in imports("whether.lab")
        assert "whether.execute.stock" not in imports("whether.lab", when_used=False)
        assert "whether.history.facts" in imports("whether.plan.plan")
        assert heavy("torch.nn")
        assert "torch" in imports("whether.models.mlp")


def heavy(name: str) -> bool:
    return name.partition(".")[0] in ("torch", "torchvision")


SAMPLE = '''
def first(
    a: int, b: int
) -> int:
    """Says something
    in two lines."""

    # a comment
    total = (
        a + b
    )
    return total


def second() -> None:
    """Says something."""
    first(1, 2)
'''


class TestBudgets:
    @pytest.mark.parametrize("path", [*FILES, *sorted(TESTS.rglob("*.py"))], ids=lambda path: path.name)
    def test_files_are_short(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 400

    def test_functions_are_short(self) -> None:
        long = {
            f"{module}.{function.name}: {lines_of_code(path, function)} lines"
            for module, path in MODULES.items()
            for function in functions(path)
            if lines_of_code(path, function) > 50 and f"{module}.{function.name}" not in LONG_FUNCTIONS
        }
        assert long == set()

    def test_functions_take_few_things_by_position(self) -> None:
        wide = set()
        for module, path in MODULES.items():
            for function in functions(path):
                said = function.args
                given = [arg.arg for arg in (*said.posonlyargs, *said.args) if arg.arg not in ("self", "cls")]
                if len(given) > 6 and not is_question(function):
                    wide.add(f"{module}.{function.name}({', '.join(given)})")
        assert wide == set()

    def test_everything_is_typed(self) -> None:
        bare = set()
        for module, path in MODULES.items():
            for function in functions(path):
                said = function.args
                every = [*said.posonlyargs, *said.args, *said.kwonlyargs, *filter(None, [said.vararg, said.kwarg])]
                untyped = [arg.arg for arg in every if arg.annotation is None and arg.arg not in ("self", "cls")]
                if untyped or function.returns is None:
                    bare.add(f"{module}.{function.name}: {', '.join(untyped) or 'what it returns'}")
        assert bare == set()

    def test_no_drawer_for_everything(self) -> None:
        assert {path.name for path in FILES} & {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"} == set()

    def test_the_counter_counts_code(self, tmp_path: Path) -> None:
        path = tmp_path / "sample.py"
        path.write_text(SAMPLE, encoding="utf-8")
        assert [lines_of_code(path, function) for function in functions(path)] == [7, 2]

    def test_every_file_says_what_it_is(self) -> None:
        assert {path.name for path in FILES if ast.get_docstring(tree_of(path)) is None} == set()

    def test_nothing_is_left_to_do(self) -> None:
        words = ("TODO", "FIXME", "XXX", "NotImplementedError()")
        left = {
            f"{module}: {word}" for module, path in MODULES.items() for word in words if word in path.read_text("utf-8")
        }
        assert left == set()


FRONT = [
    *(
        "Network",
        "Mask",
        "Measure",
        "Tickets",
        "tickets",
        "accuracy",
        "loss",
        "solved",
        "density",
        "early_stop",
        "curve",
    ),
    *("measure", "Recipe", "sgd", "adam", "adamw", "constant", "drops", "cosine", "linear", "Steps", "Seed", "Data"),
    *("Question", "question", "Replicate", "Claim", "exceeds", "not_worse", "same", "below", "above", "ordered"),
    *(
        "barrier",
        "derived",
        "disagreement",
        "distance",
        "gradual",
        "loss_barrier",
        "own_optimizer",
        "path",
        "rigl",
        "set_",
    ),
    *("Control", "at", "Lab", "Answer", "WhetherError", "RequestError", "WorkError", "DamageError"),
]


class TestFrontDoor:
    def test_it_has_these_names(self) -> None:
        assert whether.__all__ == sorted(FRONT)

    def test_names_are_what_their_homes_say(self) -> None:
        for name in whether.__all__:
            value = getattr(whether, name)
            assert value.__name__ == name
            assert value.__module__.startswith("whether.")

    def test_type_checkers_see_the_same_names(self) -> None:
        checked = next(node for node in tree_of(ROOT / "__init__.py").body if is_checking(node))
        names = {
            alias.asname or alias.name
            for node in ast.walk(checked)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert names == set(whether.__all__)

    def test_nothing_else_is_public(self) -> None:
        code = "import whether; print([n for n in dir(whether) if not n.startswith('_') and n not in whether.__all__])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        shown = set(ast.literal_eval(done.stdout))
        assert shown <= {"annotations", "sys", "import_module", "ModuleType", "TYPE_CHECKING", "Any"}

    def test_importing_it_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, whether; from whether import *\n"
            "print(sorted({'torch', 'numpy', 'scipy', 'pandas', 'matplotlib', 'pyarrow'} & set(sys.modules)), Question)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[] <class 'whether.question.Question'>\n"

    @pytest.mark.parametrize("first", ["whether.question", "whether.catalogue.xor", "whether.cli"])
    def test_the_decorator_is_not_hidden_by_the_module_of_its_name(self, first: str) -> None:
        code = f"import {first}, whether; print(whether.question.__name__, whether.question.__module__)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "question whether.question\n"

    def test_an_unknown_name_is_told_as_such(self) -> None:
        with pytest.raises(AttributeError, match="module 'whether' has no attribute 'Netwrok'"):
            whether.Netwrok  # noqa: B018


def test_every_kind_of_fact_has_a_version_and_a_tag() -> None:
    kinds = [item for item in vars(facts).values() if isinstance(item, type) and issubclass(item, facts.Fact)]
    assert len(kinds) > 10
    assert all(isinstance(kind.version, int) and kind.version >= 1 for kind in kinds)
