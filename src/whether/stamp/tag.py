"""A signed git tag that was pushed, as a witness: its message holds the digest, and the remote's host holds the tag.

Of the user's repository one tag is made and pushed, and nothing else is changed, here or there; when the push fails the
tag is taken away again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from whether.errors import DamageError, RequestError, WhetherError, WorkError, gather, unknown
from whether.stamp.git import git, remote_refs
from whether.stamp.signature import check_signature
from whether.stamp.witness import RESTORE, WITHOUT, Witness, check_digest, utc, witness

ORIGIN = "origin"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_TAGGER = re.compile(r"(.*) (\d+) [+-]\d{4}")
_PATIENCE = 300.0
"""Seconds for a person who is asked for the password of a key."""
_SIGNING = (
    "Git signs with GPG or with an SSH key; for the latter: `git config gpg.format ssh` and "
    "`git config user.signingKey ~/.ssh/id_ed25519.pub`."
)


def tag_commit(folder: Path, name: str, digest: bytes, *, remote: str | None = None) -> Witness:
    """Tag the commit that is checked out with a digest, sign the tag and push it.

    The commit must be at the remote already and files that git knows be as it has them: the tag publishes nothing but
    itself, and what it names is what was registered.

    Args:
        folder: in the repository.
        name: of the tag, such as "study/signs-matter".
        digest: SHA-256 of the registration, 32 bytes.
        remote: a remote's name; "origin" when None.

    Raises:
        RequestError: there is no repository, commit, remote or signing key, the name is taken or none, files are
            changed, or the commit was not pushed.
        WorkError: the remote was not reached or refused.
    """
    check_digest(digest)
    remote = remote or ORIGIN
    if (said := git(folder, "rev-parse", "--git-dir")).code:
        raise RequestError(
            f"there is no git repository at {folder.absolute()} ({said.why}). Run where the study's code is kept, or "
            f"`git init` there. {WITHOUT}"
        )
    gather(
        lambda: _see_name(folder, name),
        lambda: _see_commit(folder),
        lambda: _see_remote(folder, remote),
    )
    commit = git(folder, "rev-parse", "--verify", "HEAD^{commit}").out
    address = git(folder, "remote", "get-url", "--push", remote).out
    _see_published(folder, name, commit, remote, address)
    made = _sign(folder, name, commit, digest)
    try:
        _push(folder, name, made, remote, address)
    except BaseException:
        _take_back(folder, name, made)
        raise
    raw = git(folder, "cat-file", "tag", made).raw
    tag = Tag.read(raw)
    data = {"tag": name, "object": made, "commit": commit, "remote": without_password(address)}
    return witness("git tag", raw, digest, by=tag.tagger, time=tag.time, data=data)


def check_tag(witness: Witness, *, folder: Path | None = None, ask_remote: bool = True) -> list[str]:
    """Check a witness of kind "git tag"; arguments, result and errors are those of `Witness.check`."""
    data, raw = witness.data, witness.token
    tag = Tag.read(raw)
    said = {"tag": tag.name, "commit": tag.commit, "object": object_name(raw, len(data.get("object", "")))}
    wrong = [
        f"{name} {data.get(name)!r}, in it {is_said!r}" for name, is_said in said.items() if data.get(name) != is_said
    ]
    if (witness.by, witness.time) != (tag.tagger, tag.time):
        wrong.append(f"tagger {witness.by!r} at {witness.time}, in it {tag.tagger!r} at {tag.time}")
    if _line(witness.digest) not in tag.message:
        wrong.append(f"digest {witness.digest}, which is not in its message")
    if wrong:
        raise DamageError(f"the git tag is not the one that was registered: {'; '.join(wrong)}. {RESTORE}")
    where = folder or Path.cwd()
    try:
        remarks = _check_here(where, tag.name, data["object"])
    except (RequestError, WorkError) as error:
        remarks = [f"the signature of the git tag {tag.name} was not checked: {error}"]
    return [*remarks, *(_check_there(where, tag.name, data) if ask_remote else [])]


@dataclass(frozen=True)
class Tag:
    """What a tag object says. `time` is the tagger's own clock: UTC, ISO 8601."""

    name: str
    commit: str
    tagger: str
    time: str
    message: list[str]

    @staticmethod
    def read(raw: bytes) -> Tag:
        """A tag from its bytes.

        Raises:
            DamageError: they are those of no tag of a commit.
        """
        head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
        fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
        tagger = _TAGGER.fullmatch(fields.get("tagger", ""))
        if fields.get("type") != "commit" or tagger is None or not {"object", "tag"} <= fields.keys():
            raise DamageError(f"the token of the witness is not a git tag of a commit. {RESTORE}")
        try:
            time = utc(datetime.fromtimestamp(int(tagger[2]), UTC))
        except (ValueError, OverflowError, OSError) as error:
            raise DamageError(f"the git tag {fields['tag']} has an impossible time. {RESTORE}") from error
        return Tag(fields["tag"], fields["object"], tagger[1], time, message.splitlines())


def seen_outside(witness: Witness) -> list[str]:
    """What a reader must know of where a tag was pushed, as sentences; empty when it is another host.

    Args:
        witness: of kind "git tag".
    """
    address = witness.data.get("remote", "")
    host = urlsplit(address).hostname if "://" in address else address.partition(":")[0] if ":" in address else ""
    if host and "/" not in host and host not in ("localhost", "127.0.0.1", "::1"):
        return []
    name = witness.data.get("tag")
    return [f"the git tag {name} was pushed to {address}, on this machine: nothing shows that anybody outside has it"]


def object_name(raw: bytes, length: int) -> str:
    """The name that git gives a tag: a hash of 40 digits, or of 64 in repositories that use SHA-256.

    Example:
        >>> object_name(b"", 40)[:7]
        'd994c6b'
    """
    named = hashlib.sha256() if length == 64 else hashlib.sha1(usedforsecurity=False)
    named.update(b"tag %d\0" % len(raw) + raw)
    return named.hexdigest()


def without_password(address: str) -> str:
    """A remote's address as it may stand in a ledger.

    Example:
        >>> without_password("https://ann:secret@example.org/lab.git")
        'https://example.org/lab.git'
        >>> without_password("git@example.org:lab.git")
        'git@example.org:lab.git'
    """
    parts = urlsplit(address) if "://" in address else None
    if parts is None or "@" not in parts.netloc:
        return address
    user, _, host = parts.netloc.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if parts.scheme == "ssh" else ""  # there the name is part of the place
    return urlunsplit(parts._replace(netloc=kept + host))


def _line(digest: str) -> str:
    """The line of a tag's message that holds the digest."""
    return f"sha256 {digest}"


def _see_name(folder: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or git(folder, "check-ref-format", f"refs/tags/{name}").code:
        raise RequestError(f"{name!r} is no name for a git tag; expected one such as study/signs-matter-1.")
    if git(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}").code == 0:
        raise RequestError(f"there is a git tag {name} already, and it is left as it is. Name another one.")


def _see_commit(folder: Path) -> None:
    if git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").code:
        raise RequestError("the git repository has no commit yet. Commit the study's code and push it, then register.")
    changed = git(folder, "status", "--porcelain", "--untracked-files=no").out.splitlines()
    if changed:
        listed = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
        raise RequestError(
            f"files differ from the commit that the tag would name: {listed}. Commit them and push, then register."
        )


def _see_remote(folder: Path, remote: str) -> None:
    known = git(folder, "remote").out.split()
    if not known:
        raise RequestError(
            "the git repository has no remote, and a tag that stays here is seen by nobody: "
            f"`git remote add {ORIGIN} ADDRESS`, push, then register. {WITHOUT}"
        )
    if remote not in known:
        raise unknown("remote of the git repository", remote, known)


def _see_published(folder: Path, name: str, commit: str, remote: str, address: str) -> None:
    """See that the remote has the commit, and no tag of this name."""
    try:
        there = remote_refs(folder, address)
    except WorkError as error:
        raise WorkError(f"the git remote {remote} was not reached: {error}. Nothing was tagged. {WITHOUT}") from error
    if f"refs/tags/{name}" in there:
        raise RequestError(f"the git remote {remote} has a tag {name} already. Name another one.")
    known = "".join(f"^{found}\n" for found in sorted(set(there.values())))
    ahead = git(folder, "rev-list", "--count", "--ignore-missing", "--stdin", stdin=f"{commit}\n{known}")
    if ahead.code or ahead.out != "0":
        raise RequestError(
            f"the git remote {remote} does not have the commit that the tag would name ({commit[:10]}), and pushing "
            f"the tag would publish it. Push it first: `git push {remote} HEAD`."
        )


def _sign(folder: Path, name: str, commit: str, digest: bytes) -> str:
    """Make the signed tag; its hash."""
    message = f"Registration of a study with Whether\n\n{_line(digest.hex())}\n"
    words = ("tag", "--sign", "--cleanup=verbatim", "--file=-", name, commit)
    made = git(folder, *words, stdin=message, asking=True, timeout=_PATIENCE)
    found = git(folder, "rev-parse", "--verify", f"refs/tags/{name}").out if made.code == 0 else ""
    # Some versions of git make a tag without a signature, and say nothing, when an SSH key cannot be read.
    if found and b"\n-----BEGIN " not in git(folder, "cat-file", "tag", found).raw:
        _take_back(folder, name, found)
        found = ""
    if not found:
        raise RequestError(f"git did not sign a tag: {made.why}. {_SIGNING} {WITHOUT}")
    return found


def _take_back(folder: Path, name: str, made: str) -> None:
    """Take away a tag, if it is still the one that was made here."""
    git(folder, "update-ref", "-d", f"refs/tags/{name}", made)


def _push(folder: Path, name: str, made: str, remote: str, address: str) -> None:
    """Push one tag and nothing else, and see that it arrived."""
    ref = f"refs/tags/{name}"
    words = ("push", "--no-follow-tags", "--recurse-submodules=no", "--", remote, f"{ref}:{ref}")
    undone = f"The tag was taken away here again, and nothing else was changed. {WITHOUT}"
    pushed = git(folder, *words, asking=True, timeout=_PATIENCE)
    if pushed.code:
        raise WorkError(f"the git tag {name} was not pushed to {remote}: {pushed.why}. {undone}")
    try:
        there = remote_refs(folder, address, ref).get(ref)
    except WorkError as error:
        raise WorkError(f"whether the git tag {name} came to {remote} could not be seen: {error}. {undone}") from error
    if there != made:
        raise WorkError(f"git pushed the tag {name}, but {remote} does not show it. {undone}")


def _check_here(folder: Path, name: str, made: str) -> list[str]:
    """Check the signature in the repository that has the tag."""
    stands = git(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{name}")
    if stands.code == 0 and stands.out != made:
        raise DamageError(
            f"the git tag {name} was moved: it is {stands.out[:10]}, but {made[:10]} was registered. "
            f"`git fetch --force {ORIGIN} tag {name}` brings back what the remote has."
        )
    if git(folder, "cat-file", "-e", made).code:
        return [
            f"the signature of the git tag {name} was not checked: it is in no repository at {folder.absolute()}. "
            f"Check where the study's code is kept, after `git fetch {ORIGIN} tag {name}`."
        ]
    return check_signature(folder, name, made)


def _check_there(folder: Path, name: str, data: Mapping[str, str]) -> list[str]:
    """Check that the remote still has the tag."""
    ref, address = f"refs/tags/{name}", data.get("remote", "")
    try:
        there = remote_refs(folder, address, ref, stranger=True).get(ref)
    except WhetherError as error:
        return [f"whether {address} still has the git tag {name} was not checked: {error}."]
    if there != data["object"]:
        now = f"has {there[:10]} of that name" if there else "does not have it any more"
        raise DamageError(
            f"the git tag {name} ({data['object'][:10]}) was registered at {address}, which {now}. Push it again: "
            f"`git push {address} {ref}`."
        )
    return []
