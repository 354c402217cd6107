"""How bytes get onto the disk: whole or not at all, and lasting before anybody is told of them.

Everything is written aside in the folder where it shall stand, synchronised, and only then given its name:

- `publish` gives the name by hard link. A link cannot replace anything, so of several that finish the same piece the
  first one stands and the others learn that it does.
- `replace` gives the name by renaming, for what may be rewritten (checkpoints, answers).

A process that is killed in between leaves a temporary, which nobody reads and `whether clean` removes. What need not
outlast a power cut, and is written often, may ask not to be synchronised: `lasting=False`.

Where a file system has no hard links (exFAT, some network and container mounts) `publish` takes a lock on a file in
the same folder, looks whether the name is taken, and renames. Creating the name exclusively and writing into it would
be simpler, but a killed writer would leave half a file under its final name, whereas the kernel takes its lock away.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from whether.errors import WorkError
from whether.store.layout import LOCK, temporary_for

Data = bytes | bytearray | memoryview

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF}
_PATIENCE = 100
"""How often a folder may be deleted under us before we give up; work/ may be, at any time."""

_AGAIN = "then run the same command again: it goes on from what stands."
_ADVICE = {
    errno.ENOSPC: (
        "the disk is full",
        f"Free some space (`whether clean` drops what no answer needs), {_AGAIN}",
    ),
    errno.EDQUOT: (
        "your quota on this disk is used up",
        f"Free some space (`whether clean` drops what no answer needs) or ask for more, {_AGAIN}",
    ),
    errno.EROFS: (
        "the file system is read-only",
        f"Mount it writable, or move the lab and name its new place with --lab, {_AGAIN}",
    ),
    errno.EACCES: (
        "you may not write there",
        f"Ask the folder's owner for the right to write, {_AGAIN}",
    ),
    errno.EIO: (
        "the disk reports an input/output error",
        f"The disk may be failing: copy the lab to another one, check it there with `whether verify`, {_AGAIN}",
    ),
    errno.ENOLCK: (
        "this file system offers neither hard links nor locks, so that two commands could overwrite each other's work",
        f"Move the lab to another file system and name its place with --lab, {_AGAIN}",
    ),
}
_ADVICE[errno.EPERM] = _ADVICE[errno.EACCES]
_ADVICE[errno.ENOTSUP] = _ADVICE[errno.EOPNOTSUPP] = _ADVICE[errno.ENOLCK]


def publish(path: Path, *data: Data, what: str = "a file", lasting: bool = True) -> bool:
    """Write a file that nobody may ever write again; the first to finish stands.

    Args:
        path: where it shall stand; missing folders are made.
        data: its bytes, in one or several parts that follow each other.
        what: what it is, for the message should it fail: "the record 3fa2…".
        lasting: see that what stands outlasts a power cut.

    Returns:
        True when these bytes stand there now, False when a file stood there already.

    Raises:
        WorkError: the disk refused; nothing half-written is visible.
    """
    with _teaching(what, path):
        if os.path.lexists(path):
            if lasting:
                _sync_folder(path.parent)
            return False
        return _persist(path, data, _link, lasting)


def replace(path: Path, *data: Data, what: str = "a file", lasting: bool = True) -> None:
    """Write a file that may be rewritten; a reader sees the old bytes or the new ones, never a mixture.

    Args and errors are those of `publish`.
    """
    with _teaching(what, path):
        _persist(path, data, _rename, lasting)


def load(path: Path, *, what: str = "a file") -> bytes | None:
    """The bytes of a file, or None when there is none.

    Raises:
        WorkError: the file is there but the system does not give it out.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorkError(
            f"could not read {what} ({path}): {error.strerror or error}. It was not changed. "
            "See that the file can be read, then run the same command again."
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder with all above it, so that their names outlast a power cut.

    Raises:
        OSError: as the system says.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(new):
        _sync_folder(each.parent)


def probe(folder: Path) -> None:
    """Try whether files can be made in a folder; leaves nothing there.

    Permission bits alone do not tell: file systems are mounted read-only, servers map users.

    Raises:
        OSError: as the system says.
    """
    temporary = temporary_for(folder / "probe")
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    os.unlink(temporary)


@contextlib.contextmanager
def one_at_a_time(folder: Path, *, what: str = "a file") -> Iterator[None]:
    """Let one process after the other do something in a folder; the kernel takes the lock of a killed one away.

    Where a file system has no locks nobody waits: whoever comes here must then lose time at most.

    Raises:
        WorkError: the lock's file cannot be made.
    """
    import fcntl

    with _teaching(what, folder):
        make_folder(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def remove(path: Path) -> int:
    """Remove a file if it is there; returns the bytes that this freed.

    Raises:
        WorkError: the system did not let us.
    """
    try:
        size = path.lstat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise WorkError(f"could not remove {path}: {error.strerror or error}. See that it may be removed.") from error
    return size


def withdraw(path: Path, meant: Callable[[bytes], bool]) -> bool:
    """Take a file away if it is the one that is meant; of several that try so at once, one does.

    A file is renamed aside before it is looked at, so that nobody removes what another wrote between a look and a
    removal. What was not meant gets its name back, unless somebody took the name meanwhile.

    Args:
        path: the file.
        meant: tells from its bytes whether it is the one.

    Raises:
        WorkError: the system did not let us.
    """
    with _teaching("over a file that is out of date", path):
        aside = temporary_for(path)
        try:
            if not meant(path.read_bytes()):
                return False
            os.rename(path, aside)
            raw = aside.read_bytes()
        except FileNotFoundError:
            return False
        if not meant(raw):
            publish(path, raw, lasting=False)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
        return meant(raw)


def refused(what: str, path: Path, error: OSError) -> WorkError:
    """What to tell when the system did not let us write: what it was, that nothing is lost, what to do then."""
    otherwise = (error.strerror or str(error), f"See what is in the way, {_AGAIN}")
    reason, advice = _ADVICE.get(error.errno or 0, otherwise)
    return WorkError(f"could not write {what} ({path}): {reason}. Nothing that was written before is lost. {advice}")


def _persist(path: Path, data: tuple[Data, ...], name_it: Callable[[Path, Path], bool], lasting: bool) -> bool:
    for _ in range(_PATIENCE):
        try:
            return _attempt(path, data, name_it, lasting)
        except FileNotFoundError:
            with contextlib.suppress(FileNotFoundError):
                make_folder(path.parent)
    return _attempt(path, data, name_it, lasting)


def _attempt(path: Path, data: tuple[Data, ...], name_it: Callable[[Path, Path], bool], lasting: bool) -> bool:
    temporary = temporary_for(path)
    try:
        _write(temporary, data, lasting)
        stands = name_it(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    if lasting:
        _sync_folder(path.parent)
    return stands


def _write(temporary: Path, data: tuple[Data, ...], lasting: bool) -> None:
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        for part in data:
            rest = memoryview(part).cast("B")
            while rest:
                rest = rest[os.write(file, rest) :]
        if lasting:
            os.fsync(file)
    finally:
        os.close(file)


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        # A server whose "done" was lost on the way is asked again by NFS and then says "exists": of our own link.
        return os.stat(temporary).st_nlink > 1
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename_if_free(temporary, path)
    return True


def _rename_if_free(temporary: Path, path: Path) -> bool:
    import fcntl

    lock = os.open(path.with_name(LOCK), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.lexists(path):
            return False
        os.rename(temporary, path)
        return True
    finally:
        os.close(lock)


def _rename(temporary: Path, path: Path) -> bool:
    os.replace(temporary, path)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _teaching(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refused(what, path, error) from error
