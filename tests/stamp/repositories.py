"""A git repository of one's own with a bare remote and an SSH key; the machine's settings of git are not read."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

GIT, KEYGEN = shutil.which("git"), shutil.which("ssh-keygen")


@dataclass(frozen=True)
class Repository:
    """A working folder, its remote, and the key that signs."""

    folder: Path
    remote: Path
    key: Path

    def git(self, *words: object, stdin: str = "", at: Path | None = None) -> str:
        """What git prints; by name of the folder, so that nothing of it is in the environment."""
        assert GIT is not None
        text = stdin.encode()
        done = subprocess.run(
            [GIT, *map(str, words)], cwd=at or self.folder, input=text, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def everything(self) -> dict[str, str | bytes]:
        """All that is in the repository and its remote but objects, which git adds and nobody sees."""
        kept = {
            f"{place.name}/{path.relative_to(place)}": path.read_bytes()
            for place in (self.folder, self.remote)
            for path in place.rglob("*")
            if path.is_file() and "objects" not in path.relative_to(place).parts
        }
        return {**kept, "status": self.git("--no-optional-locks", "status", "--porcelain")}


def make(folder: Path, key: Path, *, hashes: str = "sha1") -> Repository:
    """A repository with a pushed commit, that signs with an SSH key which it knows for ann@example.org."""
    made = Repository(folder / "study", folder / "remote.git", key)
    made.folder.mkdir(parents=True)
    made.git("init", "--quiet", "--template=", "--bare", f"--object-format={hashes}", "-b", "main", made.remote)
    made.git("init", "--quiet", "--template=", f"--object-format={hashes}", "-b", "main")
    for name, value in {
        "user.name": "Ann Lee",
        "user.email": "ann@example.org",
        "gpg.format": "ssh",
        "user.signingKey": key,
        "gpg.ssh.allowedSignersFile": folder / "signers",
    }.items():
        made.git("config", name, value)
    (folder / "signers").write_text(f"ann@example.org {key.with_suffix('.pub').read_text()}")
    made.git("remote", "add", "origin", made.remote)
    (made.folder / "signs.py").write_text("yes = 1\n")
    made.git("add", "signs.py")
    made.git("commit", "--quiet", "--no-gpg-sign", "-m", "The study")
    made.git("push", "--quiet", "origin", "main")
    (made.folder / "lab").mkdir()
    (made.folder / "lab" / "ledger").write_text("not known to git\n")
    return made


def copy(made: Repository, folder: Path) -> Repository:
    """The same in another folder."""
    for place in (made.folder, made.remote):
        shutil.copytree(place, folder / place.name)
    copied = Repository(folder / made.folder.name, folder / made.remote.name, made.key)
    copied.git("remote", "set-url", "origin", copied.remote)
    return copied


def on_push(repository: Repository, hook: str, *lines: str) -> None:
    """Have the remote run a script when something was pushed."""
    file = repository.remote / "hooks" / hook
    file.parent.mkdir()
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)


def forget_settings(patch: pytest.MonkeyPatch, home: Path) -> None:
    """An environment in which git has no settings but the repository's own."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_", "GPG", "GNUPG"))]:
        patch.delenv(name)
    for name, value in {"HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}.items():
        patch.setenv(name, value)
