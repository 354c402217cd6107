"""Zip archives: written so that the same files give the same bytes, and read with suspicion.

What is written depends on names and bytes alone: members have one date, one mode, one compression. (Deflate is zlib's;
another zlib may pack the same bytes otherwise, which is why a bundle is named by its manifest and not by its archive.)

An archive that is read may be anybody's. Before a byte is unpacked its list of members is looked at: names that lead
out of the folder, links, two members of one name, bombs. It is unpacked into a folder of its own, which is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from whether.errors import RequestError, WorkError
from whether.store.layout import scan, temporary_for
from whether.store.publish import make_folder, refused

MOST_MEMBERS = 200_000
MOST_LISTED = 256 * MOST_MEMBERS
"""Bytes of the list of members, which is read at one go and takes eight times as much memory."""
MOST_RATIO = 60
"""Bytes unpacked for a byte of the archive; what we write is below 10, and no single file of it above 30."""
HARMLESS = 32 << 20
"""Bytes unpacked that are no bomb whatever they are packed into."""

_CHUNK = 1 << 20
_MOST_END = (1 << 16) + 200
"""Bytes within which the end of an archive lies, with its longest comment."""
_PACKED_ALREADY = (".png", ".parquet", ".safetensors", ".pdf")
_DATE = (1980, 1, 1, 0, 0, 0)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_FOR_OTHERS = re.compile(r'[\\:*?"<>|]')


class Packing:
    """Writes an archive into an open binary file, member by member; nothing of it is held in memory.

    Args:
        file: seekable, and the caller's to close.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self.digests: dict[str, str] = {}
        """The SHA-256 of each member so far, by name."""

    def add(self, name: str, data: bytes | Path) -> None:
        """Add a member.

        Args:
            name: with forward slashes; one that `unpacked` would refuse is refused here.
            data: its bytes, or the file that has them.

        Raises:
            ValueError: for a name that no archive should have, or that stands there already.
            WorkError: the file cannot be read.
        """
        if wrong := wrong_name(name):
            raise ValueError(f"{name!r} cannot be a member: {wrong}")
        if name in self.digests:
            raise ValueError(f"{name!r} is a member already")
        info = zipfile.ZipInfo(name, _DATE)
        info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
        info.create_system = 3
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        found = hashlib.sha256()
        if isinstance(data, bytes):
            found.update(data)
            self._zip.writestr(info, data, compresslevel=6)
        else:
            with _reading(data) as source:
                info.file_size = os.fstat(source.fileno()).st_size
                with self._zip.open(info, "w") as target:
                    while chunk := source.read(_CHUNK):
                        found.update(chunk)
                        target.write(chunk)
        self.digests[name] = found.hexdigest()

    def add_folder(self, name: str) -> None:
        """Add an empty member for a folder ("lab/"), for readers that look for it."""
        info = zipfile.ZipInfo(name, _DATE)
        info.create_system = 3
        info.external_attr = (stat.S_IFDIR | 0o755) << 16 | 0x10
        self._zip.writestr(info, b"")

    def close(self) -> None:
        """Write the list of members."""
        self._zip.close()


@contextlib.contextmanager
def written(path: Path, *, what: str) -> Iterator[BinaryIO]:
    """A file to write into, which gets its name when all is written and is gone when anything fails.

    Raises:
        WorkError: the disk refused.
    """
    temporary = temporary_for(path)
    try:
        make_folder(path.parent)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise refused(what, path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The members of an archive as files in a folder that is removed afterwards; a folder is taken as it is.

    Args:
        path: of an archive or of a folder.

    Yields:
        The folder, and for each member whose bytes cannot be had why not: such a one has no file.

    Raises:
        RequestError: it is neither, or its members are not what may be unpacked; nothing was written.
        WorkError: the disk refused.
    """
    if path.is_dir():
        _see_plain(path)
        yield path.absolute(), {}
        return
    with _opened(path) as (archive, size):
        members = _checked(archive, path, size)
        _see_room(members, path)
        with tempfile.TemporaryDirectory(prefix="whether-") as made:
            root = Path(made).resolve()
            yield root, _unpack(archive, members, root)


def files_in(root: Path) -> list[str]:
    """The files of a folder and of all below it, by their names from there, sorted."""
    found: list[str] = []
    waiting = [root]
    while waiting:
        for entry in scan(waiting.pop()):
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                found.append(Path(entry.path).relative_to(root).as_posix())
    return sorted(found)


def wrong_name(name: str) -> str:
    """What is wrong with a member's name; empty when it may stand in any folder of any system.

    Example:
        >>> wrong_name("lab/records/ab/0.json")
        ''
        >>> wrong_name("../etc/passwd")
        'it leads out of its folder'
    """
    parts = name.split("/")
    if name.startswith(("/", "~")) or ".." in parts or re.match("[A-Za-z]:", name):
        return "it leads out of its folder"
    if _FOR_OTHERS.search(name) or any(unicodedata.category(sign)[0] == "C" for sign in name):
        return "it has signs that no file's name should have"
    if any(part in ("", ".") or part != part.rstrip(" .") or _RESERVED.fullmatch(part) for part in parts):
        return "not every part of it is a name that all systems know"
    if len(parts) > 16 or any(len(part.encode()) > 240 for part in parts):
        return "it is too long"
    return ""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, int]]:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise RequestError(f"{path} is neither a file nor a folder; expected a bundle: a .zip, or its folder.")
        if _listed(path, size) > MOST_LISTED:
            raise RequestError(
                f"{path} is not unpacked: its list of members alone has more than {MOST_LISTED:,} bytes. "
                "`whether bundle` writes no such archive. Nothing was written."
            )
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise RequestError(
            f"there is no {path}; expected a bundle: a .zip of `whether bundle`, or its folder."
        ) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise RequestError(
            f"{path} is no zip archive, or was cut ({error}). Expected what `whether bundle` wrote; fetch it again."
        ) from None
    except OSError as error:
        raise WorkError(f"could not read {path}: {error.strerror or error}.") from error
    with archive:
        yield archive, size


def _listed(path: Path, size: int) -> int:
    """How many bytes the list of members has by the archive's end, before it is read; 0 where there is no such end."""
    with path.open("rb") as file:
        file.seek(max(0, size - _MOST_END))
        end = file.read(_MOST_END)
    at = end.rfind(b"PK\5\6")
    far = at - 76  # of archives beyond 4 GiB
    if at >= 76 and (end[far : far + 4], end[at - 20 : at - 16]) == (b"PK\6\6", b"PK\6\7"):
        return int.from_bytes(end[far + 40 : far + 48], "little")
    return int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0


def _checked(archive: zipfile.ZipFile, path: Path, size: int) -> list[zipfile.ZipInfo]:
    """The members that are files, once it is sure that they can be unpacked."""
    infos = archive.infolist()
    wrong = [_bomb(infos, size)] if len(infos) > MOST_MEMBERS else [*_wrong(infos), _bomb(infos, size)]
    told = [what for what in wrong if what]
    if told:
        more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
        raise RequestError(
            f"{path} is not unpacked: {'; '.join(told[:3])}{more}. `whether bundle` writes no such archive. "
            "Nothing was written."
        )
    return [info for info in infos if not info.is_dir()]


def _wrong(infos: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    seen: dict[str, str] = {}
    if not all(info.filename for info in infos):
        yield "a member has no name"
        return
    for info in infos:
        name = info.filename.removesuffix("/") if info.is_dir() else info.filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        # A zero byte ends the name for those who unpack, and not for those who look at it.
        if wrong := "it has a hidden end" if "\0" in info.orig_filename else wrong_name(name):
            yield f"the name {name[:80]!r} is refused, as {wrong}"
        elif kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
            yield f"{name[:80]!r} is a link or a device, not a file"
        elif info.flag_bits & 0x1:
            yield f"{name[:80]!r} is encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield f"{name[:80]!r} is packed in a way that is not used here"
        elif info.is_dir() and info.file_size:
            yield f"{name[:80]!r} is a folder with bytes of its own"
        same = unicodedata.normalize("NFC", name).casefold()
        if same in seen:
            yield f"{name[:80]!r} and {seen[same][:80]!r} would be one file"
        seen[same] = name
    files = {unicodedata.normalize("NFC", info.filename).casefold() for info in infos if not info.is_dir()}
    for name in files:
        above = name.rpartition("/")[0]
        while above and above not in files:
            above = above.rpartition("/")[0]
        if above:
            yield f"{above[:80]!r} is a file and a folder"
    yield from _overlapping(infos)


def _overlapping(infos: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """Members that share bytes: one lump would be unpacked many times."""
    end, before = 0, ""
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            yield f"{info.filename[:80]!r} shares bytes with {before[:80]!r}"
        end, before = info.header_offset + 30 + info.compress_size, info.filename


def _bomb(infos: Sequence[zipfile.ZipInfo], size: int) -> str:
    whole = sum(info.file_size for info in infos)
    if len(infos) > MOST_MEMBERS:
        return f"it has {len(infos):,} members, more than {MOST_MEMBERS:,}"
    if whole > max(HARMLESS, MOST_RATIO * size):
        return f"its {size:,} bytes would become {whole:,}"
    return ""


def _see_room(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """See that the disk holds what is unpacked, before it is full."""
    folder, whole = Path(tempfile.gettempdir()), sum(info.file_size for info in members)
    with contextlib.suppress(OSError):
        if (free := shutil.disk_usage(folder).free) < whole:
            raise WorkError(
                f"{path} takes {whole:,} bytes unpacked, and {folder} has room for {free:,}. Set TMPDIR to a folder "
                "with more, or unpack it yourself and name the folder."
            )


def _unpack(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], root: Path) -> dict[str, str]:
    lost: dict[str, str] = {}
    for info in members:
        path = root.joinpath(*info.filename.split("/"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as target:
                try:
                    with archive.open(info) as source:
                        while chunk := source.read(_CHUNK):
                            target.write(chunk)
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    EOFError,
                    NotImplementedError,
                    ValueError,
                    RuntimeError,
                ) as error:
                    lost[info.filename] = str(error)
            if info.filename in lost:
                path.unlink()
        except OSError as error:
            raise refused("an unpacked bundle", path, error) from error
    return lost


def _see_plain(root: Path) -> None:
    """See that a folder holds files and folders only: a link could lead anywhere."""
    waiting, count = [root], 0
    while waiting:
        for entry in scan(waiting.pop()):
            count += 1
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            elif not entry.is_file(follow_symlinks=False):
                name = Path(entry.path).relative_to(root).as_posix()
                raise RequestError(
                    f"{root} is not read: {name!r} in it is a link or a device; a bundle holds files only."
                )
            if count > MOST_MEMBERS:
                raise RequestError(f"{root} is no bundle: it holds more than {MOST_MEMBERS:,} files.")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise WorkError(f"could not read {path}: {error.strerror or error}. See that the file can be read.") from error
