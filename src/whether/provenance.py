"""Where an answer's code came from: the commit of the working directory, and the packages that were installed.

Recorded when an answer is written, in its circumstances and as `environment.txt` beside it. Nothing is imported for it,
git is asked once, and whatever cannot be told is said to be so: no run fails for it.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whether.errors import WhetherError

LOCK_FILE = "environment.txt"
CLEAN, CHANGED, NO_REPOSITORY, UNKNOWN = "clean", "with changes", "not in a git repository", "unknown"
PATIENCE = 2.0
"""Seconds that git is given; in a very large repository it may need more, and then nothing is said."""

_INSTALLED = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Of which code, and with which packages, something was made.

    Attributes:
        commit: of the working directory's repository; empty outside one, or before its first commit.
        state: "clean", "with changes" (of tracked files, or Python files that are not tracked), "not in a git
            repository", "unknown".
        lock: the environment, a line each: Python, the platform, then every package as name==version, sorted.
    """

    commit: str
    state: str
    lock: bytes

    @property
    def circumstances(self) -> dict[str, Any]:
        """What an answer's circumstances say of it."""
        packages = sum(b"==" in line for line in self.lock.splitlines())
        lock = {"lock_sha256": hashlib.sha256(self.lock).hexdigest(), "packages": packages}
        return {"code": {"commit": self.commit, "state": self.state}, "environment": lock}


def provenance(folder: Path | None = None) -> Provenance:
    """What can be told of the code in a folder and of this environment.

    Args:
        folder: by default the working directory.
    """
    commit, state = code_state(folder or Path.cwd())
    return Provenance(commit=commit, state=state, lock=environment_lock())


def code_state(folder: Path) -> tuple[str, str]:
    """The commit that a folder's code is at, and whether it is what was committed.

    A file of Python that git does not track counts as a change; other untracked files, such as a lab, do not.
    """
    from whether.stamp.git import git

    try:
        if not any((above / ".git").exists() for above in (folder, *folder.parents)):
            return "", NO_REPOSITORY
        words = ("status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--ignore-submodules=all")
        said = git(folder, "-c", "core.fsmonitor=false", *words, timeout=PATIENCE)
    except (WhetherError, OSError, ValueError):
        return "", UNKNOWN
    lines = said.out.splitlines()
    if said.code or not lines:
        return "", UNKNOWN
    heads = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    commit = next((head for head in heads if re.fullmatch("[0-9a-f]{40,64}", head)), "")
    changed = any(not line.startswith(("#", "?")) or line.rstrip('"').endswith(".py") for line in lines)
    return commit, CHANGED if changed else CLEAN


def environment_lock(path: Sequence[str] | None = None) -> bytes:
    """The environment as lines of text, from the names of what is installed; no file is opened for it.

    Args:
        path: where packages are looked for; by default where Python does.
    """
    found: dict[str, str] = {}
    for place in sys.path if path is None else path:
        try:
            matches = [_INSTALLED.fullmatch(item.name) for item in Path(place or ".").iterdir()]
        except OSError:
            continue  # an entry that is no folder: an archive, or one that is not there
        for match in filter(None, matches):
            found.setdefault(re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"])
    lines = [f"# Python {platform.python_version()}", f"# {platform.machine()}, {platform.system()}"]
    lines += [f"{name}=={version}" for name, version in sorted(found.items())]
    return "".join(f"{line}\n" for line in lines).encode()
