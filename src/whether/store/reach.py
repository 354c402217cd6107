"""What merging needs of a lab, be it a folder here or anything that fsspec reaches: a bucket, another machine.

    Near    a folder: everything goes through the store
    Far     the same files elsewhere; listed, read, written aside and then moved

Places are paths from the lab's root with forward slashes: `records/ab/<digest>.json`. A far lab knows neither links nor
locks, so that of two commands that push to it at the same instant one may undo an entry that the other added to the
ledger; merging looks afterwards whether the chain is whole.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from whether.errors import RequestError, WhetherError, WorkError, unknown
from whether.store.folder import MARK, Store, check_mark, not_a_lab
from whether.store.layout import MARKER, Part, is_temporary, place, temporary_name
from whether.store.publish import load, publish, replace
from whether.store.sealed import unseal

_COMPONENT = re.compile(r"\w[\w.\- ]{0,199}")
_EXPECTED = "Expected a folder, or a URL such as s3://bucket/lab or ssh://host/home/me/lab."


class Side(Protocol):
    """A lab that is merged from or into.

    Attributes:
        name: how people call it: its path or URL, without a password.
        word: the name of its folder alone, which goes into ledgers.
    """

    name: str
    word: str

    def files(self, folder: str) -> set[str]:
        """The places of all files in one of the lab's folders and below."""

    def read(self, places: Sequence[str]) -> list[bytes | None]:
        """The bytes of files, None for each that is not there."""

    def publish(self, where: str, data: bytes) -> bool:
        """Write a file that is never written again; False when one stands there."""

    def replace(self, where: str, data: bytes) -> None:
        """Write a file that may stand there in an older form."""

    def keep(self, digest: str, record: bytes, states: Mapping[Part, bytes]) -> bool:
        """Lay a piece's states, then its record; False when a record stood there, or stands there by now."""


class Near:
    """A lab in a folder."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.name = str(store.root)
        self.word = store.root.name

    def files(self, folder: str) -> set[str]:
        """The places of all files in one of the lab's folders and below."""
        found = os.walk(self.store.root / folder)
        return {place(Path(inside, name), self.store.root) for inside, _, names in found for name in names}

    def read(self, places: Sequence[str]) -> list[bytes | None]:
        """The bytes of files, None for each that is not there."""
        return [load(self.store.root / where, what=where) for where in places]

    def publish(self, where: str, data: bytes) -> bool:
        """Write a file that is never written again; False when one stands there."""
        return publish(self._inside(where), data, what=where)

    def replace(self, where: str, data: bytes) -> None:
        """Write a file that may stand there in an older form."""
        replace(self._inside(where), data, what=where)

    def keep(self, digest: str, record: bytes, states: Mapping[Part, bytes]) -> bool:
        """Lay a piece's states, then its record, as if it had been trained here."""
        return self.store.keep(
            digest, unseal(record) or {}, state=states.get("state"), optimizer=states.get("optimizer")
        )

    def _inside(self, where: str) -> Path:
        if not is_plain(where):
            raise ValueError(f"{where!r} is no name for a file of a lab: expected plain ones, such as report.html")
        return self.store.root / where


class Far:
    """A lab behind fsspec; its errors are told as ours.

    Args:
        files: an fsspec file system.
        root: the lab's folder there.
        name: as people gave it, without a password.
    """

    def __init__(self, files: Any, root: str, name: str) -> None:
        self.name = name
        self.word = root.rstrip("/").rpartition("/")[2] or "lab"
        self._files = files
        self._root = root.rstrip("/")
        self._made: set[str] = set()
        files.invalidate_cache()

    def top(self) -> list[str]:
        """The names of what the folder holds, but for what a killed command was writing."""
        try:
            found = self._files.ls(self._root, detail=False)
        except FileNotFoundError:
            return []
        names = [str(path).rstrip("/").rpartition("/")[2] for path in found if str(path).rstrip("/") != self._root]
        return sorted(name for name in names if not is_temporary(name))

    def files(self, folder: str) -> set[str]:
        """The places of all files in one of the lab's folders and below."""
        base = f"{self._root}/"
        with self._doing("list", folder):
            try:
                found = self._files.find(f"{base}{folder}")
            except FileNotFoundError:
                return set()
            return {path.removeprefix(base) for path in found if path.startswith(f"{base}{folder}/")}

    def read(self, places: Sequence[str]) -> list[bytes | None]:
        """The bytes of files, None for each that is not there; many at once where the other end can."""
        paths = [self._path(where) for where in places]
        with self._doing("read", places[0] if places else ""):
            found = self._files.cat_ranges(paths, None, None, on_error="return") if paths else []
            for raw in found:
                if isinstance(raw, Exception) and not isinstance(raw, FileNotFoundError):
                    raise raw
        return [None if isinstance(raw, FileNotFoundError) else bytes(raw) for raw in found]

    def publish(self, where: str, data: bytes) -> bool:
        """Write a file that is never written again; False when one stands there."""
        with self._doing("write", where):
            if self._files.exists(self._path(where)):
                return False
        self.replace(where, data)
        return True

    def replace(self, where: str, data: bytes) -> None:
        """Write a file aside, and move it to its place when it is whole."""
        path = self._path(where)
        folder, _, name = path.rpartition("/")
        aside = f"{folder}/{temporary_name(name)}"
        with self._doing("write", where):
            if folder not in self._made:
                self._files.makedirs(folder, exist_ok=True)
                self._made.add(folder)
            try:
                self._files.pipe_file(aside, data)
                self._files.mv(aside, path)
            except BaseException:
                with contextlib.suppress(Exception):
                    self._files.rm_file(aside)
                raise

    def keep(self, digest: str, record: bytes, states: Mapping[Part, bytes]) -> bool:
        """Lay a piece's states, then its record."""
        for part, data in states.items():
            where = state_place(digest, part)
            if not self.publish(where, data):
                (stands,) = self.read([where])
                if stands != data:
                    self.replace(where, data)  # left by a command that was killed before it wrote a record
        return self.publish(record_place(digest), record)

    def _path(self, where: str) -> str:
        return f"{self._root}/{where}"

    @contextlib.contextmanager
    def _doing(self, what: str, where: str) -> Iterator[None]:
        try:
            yield
        except WhetherError:
            raise
        except NotImplementedError as error:
            raise RequestError(f"{self.name} can be read, but not written to. {_EXPECTED}") from error
        except Exception as error:
            raise WorkError(
                f"could not {what} {where} of {self.name}: {_first_line(error)}. What was carried over stays; run the "
                "same command again: it goes on."
            ) from error


def is_plain(where: str) -> bool:
    """Whether a place is one in a lab: what comes from elsewhere may be called anything, `../../x` too."""
    return all(_COMPONENT.fullmatch(part) for part in where.split("/"))


def listed(side: Side, folder: str, least: int, most: int = 0) -> set[str]:
    """The places of a folder that have so many components."""
    return {where for where in side.files(folder) if least <= where.count("/") + 1 <= (most or least)}


def record_place(digest: str) -> str:
    """Where the record of a piece stands."""
    return f"records/{digest[:2]}/{digest}.json"


def state_place(digest: str, part: Part) -> str:
    """Where a state of a piece stands."""
    ending = "safetensors" if part == "state" else f"{part}.safetensors"
    return f"states/{digest[:2]}/{digest}.{ending}"


def see_apart(one: Path, other: Path) -> None:
    """See that two labs are two, and that none lies in the other.

    Raises:
        RequestError: otherwise.
    """
    first, second = one.resolve(), other.resolve()
    if first == second:
        raise RequestError(f"{one} is this lab itself: there is nothing to merge. Name another lab's folder or URL")
    if first.is_relative_to(second) or second.is_relative_to(first):
        raise RequestError(f"{one} and {other}: the one lies in the other. Name a folder outside")


def lab_at(url: str, *, create: bool, named: str, apart: Path | None = None) -> Near | Far:
    """The lab at a URL that fsspec knows, or in a folder.

    Args:
        url: as people wrote it.
        create: whether it will be written to; if so an empty place is made a lab.
        named: the command that asks, for messages: "whether push".
        apart: a lab in a folder that this one must not be, or lie in.

    Raises:
        RequestError: there is no such protocol, or a package for it is missing; it cannot be reached; there is no lab,
            or something else.
        DamageError: the lab's mark is damaged.
    """
    folder = _folder(url, named)
    if folder is not None:
        if apart is not None:
            see_apart(folder, apart)
        return Near(Store.find(folder, create=create, named=named))
    name = _without_password(url)
    try:
        far = _far(url, name)
        (mark,) = far.read([MARKER])
        names = far.top() if mark is None else []
    except RequestError:
        raise
    except Exception as error:
        cause = error.__cause__ if isinstance(error, WorkError) and error.__cause__ else error
        raise RequestError(
            f"{named}: {name} cannot be reached: {_first_line(cause)}. See that the address is right, and that this "
            "machine may go there; nothing was done."
        ) from error
    if mark is not None:
        check_mark(mark, f"{name.rstrip('/')}/{MARKER}", name)
    elif names:
        raise RequestError(f"{named}: {not_a_lab(name, names)} Name another, for example {name.rstrip('/')}-whether")
    elif not create:
        raise RequestError(f"{named}: there is no lab at {name}. Check the address; `whether push URL` makes one there")
    else:
        far.publish(MARKER, MARK)
    return far


def _folder(url: str, named: str) -> Path | None:
    """The folder that is meant, None for a URL of elsewhere."""
    if not url:
        raise RequestError(f"{named}: no place is named. {_EXPECTED}")
    for protocol in ("file", "local"):
        if url.startswith(f"{protocol}://"):
            return Path(url.removeprefix(f"{protocol}://")).absolute()
    if "://" in url or "::" in url:
        return None
    if re.match(r"[\w.\-]+(@[\w.\-]+)?:", url) and not os.path.lexists(url):
        host, _, path = url.partition(":")
        raise RequestError(
            f"{named}: {url!r} is neither a folder nor a URL. For another machine: ssh://{host}/{path.lstrip('/')} "
            f"(with the whole path). {_EXPECTED}"
        )
    return Path(url).expanduser().absolute()


def _far(url: str, name: str) -> Far:
    from fsspec.core import url_to_fs
    from fsspec.registry import known_implementations

    protocol = re.split(r"::|://", url)[0]
    try:
        files, root = url_to_fs(url)
    except ImportError as error:
        raise RequestError(
            f"{protocol}:// needs a package that is not installed: {_first_line(error)}. Nothing was done."
        ) from error
    except ValueError as error:
        if protocol in known_implementations:
            raise
        raise unknown("protocol", protocol, known_implementations, _EXPECTED) from error
    return Far(files, root, name)


def _without_password(text: str) -> str:
    return re.sub(r"(://[^/@:\s]*):[^/@\s]*@", r"\1@", text)


def _first_line(error: BaseException) -> str:
    lines = _without_password(str(error)).strip().splitlines()
    said = lines[0].rstrip(".") if lines else ""
    return said if isinstance(error, ImportError) and said else f"{type(error).__name__}: {said}".rstrip(": ")
