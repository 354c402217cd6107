"""Speak with git: fixed words, no shell, nothing of the repository is touched but what the words say."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from whether.errors import RequestError, WorkError

_REACHING = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}
"""For an address that somebody else may have written: none of git's helpers that run a command of its choice."""


@dataclass(frozen=True)
class Said:
    """What git answered."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """What it wrote, as text, without the last line's end."""
        return self.raw.decode("utf-8", "replace").rstrip("\n")

    @property
    def why(self) -> str:
        """Its reason in a line: the first that is marked as one, else the last one."""
        lines = [line.strip() for line in f"{self.err}\n{self.out}".splitlines() if line.strip()]
        marked = [line for line in lines if line.startswith(("fatal:", "error:", "remote: error:", "!"))]
        return (marked or lines[-1:] or [f"it ended with {self.code}"])[0].rstrip(".")


def git(
    folder: Path,
    *words: str,
    stdin: str | None = None,
    asking: bool = False,
    timeout: float = 60.0,
    more: dict[str, str] | None = None,
) -> Said:
    """Run git in a folder.

    Args:
        folder: where.
        words: what comes after "git".
        stdin: what it reads.
        asking: it may ask the user, in the terminal, for the password of a key. Else it cannot.
        timeout: seconds.
        more: environment variables.

    Raises:
        RequestError: git is not installed, or the folder is not there.
        WorkError: it did not end in time.
    """
    # Optional locks are those with which `git status` refreshes the index in passing.
    quiet = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"} | ({} if asking else {"GIT_TERMINAL_PROMPT": "0"})
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            input=(stdin or "").encode(),
            capture_output=True,
            check=False,
            env=os.environ | quiet | (more or {}),
            timeout=timeout,
            start_new_session=not asking,  # without a terminal nobody can be asked
        )
    except FileNotFoundError as error:
        what = "git is not installed" if folder.is_dir() else f"there is no folder {folder}"
        raise RequestError(f"{what}. A signed git tag needs git and a repository.") from error
    except subprocess.TimeoutExpired as error:
        raise WorkError(f"git {words[0]} did not end within {timeout:g} seconds.") from error
    return Said(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def remote_refs(folder: Path, remote: str, name: str = "", *, stranger: bool = False) -> dict[str, str]:
    """What a remote has: hashes by full name.

    Args:
        folder: where git runs.
        remote: its address.
        name: what to look for, such as "refs/tags/v1"; everything when empty.
        stranger: the address was written by somebody else: nobody is asked for a password, no command of its is run.

    Raises:
        WorkError: it was not reached, and why.
    """
    pattern = [name] if name else []
    more = _REACHING if stranger else None
    said = git(folder, "ls-remote", "--", remote, *pattern, asking=not stranger, more=more)
    if said.code:
        raise WorkError(said.why)
    pairs = (line.split("\t", 1) for line in said.out.splitlines() if "\t" in line)
    return {each: found for found, each in pairs}
