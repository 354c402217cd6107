"""The signature of a git tag, as git checks it on this machine, and what git's words mean."""

from __future__ import annotations

import os
import re
from pathlib import Path

from whether.errors import DamageError
from whether.stamp.git import Said, git
from whether.stamp.witness import RESTORE

_BROKEN = ("BADSIG", "Could not verify signature", "incorrect signature", "no signature found")
_GOOD_BY = re.compile(r'Good "git" signature with \S+ key (\S+)')


def check_signature(folder: Path, name: str, made: str) -> list[str]:
    """See that the signature of a tag holds.

    Args:
        folder: in the repository that has it.
        name: the tag's, to speak of it.
        made: the tag's hash.

    Returns:
        What could not be checked here, as sentences.

    Raises:
        DamageError: it does not hold.
    """
    own = git(folder, "config", "gpg.ssh.allowedSignersFile").out
    # With a list of nobody git still tells whether an SSH signature holds, only not whose it is.
    nobody = () if own else ("-c", f"gpg.ssh.allowedSignersFile={os.devnull}")
    return meaning(name, git(folder, *nobody, "verify-tag", "--raw", made))


def meaning(name: str, said: Said) -> list[str]:
    """What git's check of a signature means.

    Args:
        name: the tag's.
        said: what `git verify-tag --raw` answered.

    Raises:
        DamageError: the signature does not hold.
    """
    text = f"{said.out}\n{said.err}"
    if said.code == 0:
        return []
    if any(word in text for word in _BROKEN):
        raise DamageError(f"the signature of the git tag {name} does not hold. {RESTORE}")
    if by := _GOOD_BY.search(text):
        return [
            f"the signature of the git tag {name} holds, by the key {by[1]}, but whose that is is not known here: the "
            "file that git's setting gpg.ssh.allowedSignersFile names does not tell."
        ]
    if "EXPKEYSIG" in text or "REVKEYSIG" in text:
        return [f"the signature of the git tag {name} holds, but its key has expired since or was revoked."]
    if "NO_PUBKEY" in text:
        return [f"the signature of the git tag {name} was not checked: its public key is not in the keyring of gpg."]
    return [f"the signature of the git tag {name} was not checked: {said.why}."]
