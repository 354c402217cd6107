"""Where a question comes from: its file with the modules of one's own that it imports or names, or the catalogue.

In a bundle the files stand in question/, each where it is imported from, so that with this one folder on Python's path
the question is asked as it was.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from whether.errors import RequestError
from whether.registration import ANALYSIS
from whether.store.states import sha256_of

if TYPE_CHECKING:
    from whether.answer import Answer

FORMAT = 1
Kind = Literal["file", "catalogue", "unknown"]

_FILE = re.compile(r"(?P<path>.+\.py)(?::(?P<question>[\w.\-]+))?")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a question comes from.

    Attributes:
        kind: "file": of one's own; "catalogue": it comes with Whether; "unknown": it was asked in a notebook.
        called: what the command line calls it from within question/: "signs.py", "signs.py:deep", "lottery-ticket".
        files: the code of one's own, by names within question/.
        missing: what was not found, in sentences.
    """

    kind: Kind
    called: str
    files: Mapping[str, Path] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def source_of(answer: Answer, own: Iterable[str] = ()) -> Source:
    """Find the code of a question, from the working directory.

    Args:
        answer: names its file, as the command line did.
        own: code of one's own that its histories name, as "module:function".
    """
    from whether.catalogue.find import names
    from whether.history.code import own_files

    match = _FILE.fullmatch(answer.source)
    kind: Kind = "file" if match else "catalogue" if answer.source in names() else "unknown"
    called = called_within(answer)
    files: dict[str, Path] = {}
    missing: list[str] = []
    wanted = [*([match["path"]] if match else []), *sorted(set(own))]
    for name in wanted:
        try:
            found = own_files(name)
        except RequestError as error:
            missing.append(f"{name}: {error}")
            continue
        for place, path in found.items():
            if files.setdefault(place, path) != path:
                missing.append(f"{path}: another file stands at question/{place} already.")
        if match and name == match["path"] and not found:
            missing.append(f"{Path(name).name} is not here any more: run this where {name} is, to have it included.")
    if kind == "unknown":
        missing.append(f"{answer.name} was asked in Python, not of a file: its code is not included.")
    return Source(kind=kind, called=called, files=files, missing=tuple(missing))


def called_within(answer: Answer) -> str:
    """What the command line calls an answer's question from within question/."""
    match = _FILE.fullmatch(answer.source)
    if match is None:
        return answer.source
    return Path(match["path"]).name + (f":{match['question']}" if match["question"] else "")


def told(answer: Answer, source: Source, *, same_design: bool | None) -> dict[str, Any]:
    """What `question/question.json` says.

    Args:
        answer: to the question.
        source: of it.
        same_design: whether its code, as it is bundled, asks what was answered; None where that was not tried.
    """
    from whether import __version__

    return {
        "format": FORMAT,
        "name": answer.name,
        "text": answer.text,
        "kind": source.kind,
        "source": source.called,
        "options": dict(answer.options),
        "seed": answer.seed,
        "open_test": answer.split == "test",
        "registration": answer.study.get("registration"),
        "design": answer.digest,
        "files": sorted(source.files),
        "missing": list(source.missing),
        "same_design": same_design,
        "command": command(answer, source),
        "whether": str(answer.circumstances.get("versions", {}).get("whether", __version__)),
        "analysis": ANALYSIS,
    }


@functools.cache
def own_code() -> str:
    """A digest of Whether's own files: where it is the same, everything is said in the same words."""
    import whether

    root, found = Path(whether.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(root).as_posix()}\0{sha256_of(path)}\n".encode())
    return found.hexdigest()


def command(answer: Answer, source: Source) -> str:
    """The line that asks it again, within question/."""
    options = [shlex.quote(f"{name}={value}") for name, value in answer.options.items()]
    seed = [f"--seed {answer.seed}"] if answer.seed and not answer.study else []
    test = ["--open-test"] if answer.split == "test" else []
    return " ".join(["whether run", shlex.quote(source.called), *options, *seed, *test])
