"""From a name to a question: one of the catalogue, or one in a Python file of your own.

    find("lottery-ticket")      a question of the catalogue
    find("signs.py")            the question in a file
    find("signs.py:deep")       one of several in a file

Torch-free, and light: a name of the catalogue imports its own file only.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from dataclasses import replace
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from whether.errors import RequestError, located, unknown
from whether.question import Template

SMALLEST = '''\
from whether import Network, Question, exceeds, question, tickets

@question(category="science")
def signs_matter(density=0.1, s=1.0):
    """Does a winning ticket need the signs it was drawn with?"""
    def arms(rep):
        start = Network("mlp-300-100", data="digits", seed=rep)
        mask  = tickets(start, density=density).mask()
        other = start.reinit(rep.seed("signs"), keep="magnitudes")
        return {"ticket": start.masked(mask).train(), "new signs": other.masked(mask).train()}
    return Question(arms, claims=[exceeds("ticket", "new signs", by=s, because="two seeds differ by less")],
                    if_yes="Signs carry the ticket.", if_no="The mask alone carries it.")'''
"""The smallest question there is; shown to those whose file has none."""

READING = {
    "Tickets and rewinding": ("xor", "lottery-ticket", "late-rewinding", "rewind-or-finetune"),
    "Stability of training": ("mode-connectivity", "gpt-stability", "ticket-stability"),
    "At the beginning": ("prune-at-init", "batchnorm-only", "early-phase"),
    "What pruning does and costs": ("pruning-law", "why-sparse", "pruning-disparity", "sparse-speed"),
    "Networks beside each other": ("rebasin", "seed-variance"),
}
"""The catalogue in the order in which it is best read."""

_FOLDER = Path(__file__).parent
_NOT_QUESTIONS = ("__init__", "find", "layertimes", "parting", "settings", "papers")
_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<question>[\w.\-]+))?")


def names() -> list[str]:
    """The names of the catalogue's questions, sorted; nothing is imported."""
    stems = (path.stem for path in _FOLDER.glob("*.py"))
    return sorted(stem.replace("_", "-") for stem in stems if stem not in _NOT_QUESTIONS)


def reading_order() -> dict[str, list[str]]:
    """The names of the catalogue's questions as they are best read: by what they are about, the basic ones first."""
    there = names()
    listed = {name for group in READING.values() for name in group}
    groups = {head: [name for name in group if name in there] for head, group in READING.items()}
    groups["Others"] = [name for name in there if name not in listed]
    return {head: group for head, group in groups.items() if group}


def is_file(name: str) -> bool:
    """Whether a name means a question in a Python file: "signs.py" or "signs.py:deep"."""
    return _FILE.fullmatch(name) is not None


def find(name: str) -> Template:
    """The question of this name.

    Args:
        name: a name of the catalogue, a path that ends in ".py", or such a path and a question's name after a colon.

    Raises:
        RequestError: for an unknown name, a file that is not there, does not import or has no question in it, or has
            several and none is named.
    """
    match = _FILE.fullmatch(name)
    if match:
        return _from_file(match["path"], match["question"])
    if name not in names():
        beside = Path(f"{name}.py")
        hint = f"There is a file {beside}; did you mean that?" if _exists(beside) else "`whether list` shows them."
        raise unknown("question", name, names(), hint)
    stem = name.replace("-", "_")
    module = importlib.import_module(f"whether.catalogue.{stem}")
    return _choose(_templates(module), f"the catalogue's file {stem}.py", name)


def check_stem(path: Path) -> None:
    """See that a file can be imported under its own name, so that "module:function" means what stands in it.

    Raises:
        RequestError: when Python, an installed package or another folder already has a module of this name.
    """
    stem, folder = path.stem, path.parent.resolve()
    if stem in sys.stdlib_module_names or stem in ("whether", "__main__", "__init__"):
        raise RequestError(
            f"{path}: {stem!r} is the name of a module that others import; give your file another name, such as "
            f"my_{stem}.py."
        )
    elsewhere = [place for place in sys.path if Path(place or ".").resolve() != folder]
    other = PathFinder.find_spec(stem, elsewhere)
    if other is not None and other.origin and Path(other.origin).resolve() != path.resolve():
        raise RequestError(
            f"{path}: there is another module {stem!r}, {other.origin}, and they would be taken for each other; give "
            f"your file another name, such as my_{stem}.py."
        )


def _from_file(given: str, wanted: str | None) -> Template:
    path = Path(given).expanduser()
    if not _exists(path):
        raise RequestError(_no_file(path))
    source = f"{given}:{wanted}" if wanted else given
    return replace(_choose(_templates(_load(path)), given, wanted), source=source)


def _choose(found: dict[str, Template], place: str, wanted: str | None) -> Template:
    """The one that is wanted, by its own name or by its function's; the only one when none is named."""
    called = {template.name: template for template in found.values()}
    if not found:
        example = "\n".join("    " + line for line in SMALLEST.splitlines()).replace("    \n", "\n")
        raise RequestError(
            f"{place} has no question: a function under @question(...) that returns a Question. The smallest one:\n\n"
            f"{example}\n\n`whether new FILE` writes one for you."
        )
    if wanted is not None:
        known = found | called
        if wanted not in known:
            raise unknown(f"question in {place}", wanted, called)
        return known[wanted]
    if len(called) > 1:
        one = next(iter(called))
        raise RequestError(
            f"{place} has {len(called)} questions: {', '.join(called)}. Say which: {place}:{one}, for example."
        )
    return next(iter(found.values()))


def _templates(module: ModuleType) -> dict[str, Template]:
    """The Templates that a module defines itself, in its order; imported ones are not its own."""
    return {
        name: item
        for name, item in vars(module).items()
        if isinstance(item, Template) and item.build.__module__ == module.__name__
    }


def _load(path: Path) -> ModuleType:
    """Import a file under its own name, with its folder on the path, as `import` would from that folder."""
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path.resolve()):
        return known
    check_stem(path)
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:  # only for a file system without loaders
        raise RequestError(f"{path} cannot be imported; expected a file of Python source.")
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        sys.modules.pop(path.stem, None)
        raise
    except BaseException as error:  # SystemExit too: a question's file has no business to end the command
        sys.modules.pop(path.stem, None)
        raise _told(error, path) from error
    return module


def _told(error: BaseException, path: Path) -> RequestError:
    """What went wrong in a file, with its line there: one sentence instead of a traceback."""
    if isinstance(error, ValueError) and "null bytes" in str(error):
        error = SyntaxError(str(error))  # as Python has it from 3.11.4 on
    if isinstance(error, SyntaxError):
        where = Path(error.filename).name if error.filename else path.name
        line = f", line {error.lineno}" if error.lineno else ""
        text = f": {error.text.strip()}" if error.text and error.text.strip() else "."
        return RequestError(f"{where}{line}: this is not Python: {error.msg}{text}")
    if isinstance(error, SystemExit):
        ended = RequestError("the file ends Python (sys.exit) when it is imported; it should only define.")
        error = ended.with_traceback(error.__traceback__)
    return located(error, path.resolve(), path)


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder; expected a Python file with a question in it."
    if not path.parent.is_dir():
        return f"there is no file {path}: its folder does not exist either. `whether new FILE` writes a question."
    beside = [item.name for item in path.parent.glob("*.py")]
    near = difflib.get_close_matches(path.name, beside, n=2, cutoff=0.5)
    guess = f"; did you mean {' or '.join(str(path.with_name(name)) for name in near)}?" if near else "."
    return f"there is no file {path}{guess} `whether new {path}` writes a question of your own."


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system, a folder that is not ours to look into
        return False
