"""What the tests of merging share: labs with something in them, and looks at labs wherever they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fsspec.implementations.memory import MemoryFileSystem

from whether.digest import digest
from whether.store import Far, Near, Store, lab_at, merge
from whether.store.adoption import Merged

Side = Near | Far


def at(url: str, *, create: bool = True) -> Side:
    return lab_at(url, create=create, named="whether push")


def push(store: Store, url: str) -> Merged:
    return merge(Near(store), at(url))


def to(source: Store, target: Store) -> list[object]:
    merged = merge(Near(source), Near(target))
    return [merged.records, merged.states, merged.entries, merged.adopted]


def contents(url: str) -> dict[str, bytes]:
    """Every file of a lab by its place."""
    if url.startswith("memory://"):
        root = "/" + url.removeprefix("memory://")
        files = MemoryFileSystem()
        return {path.removeprefix(f"{root}/"): files.cat_file(path) for path in files.find(root)}
    return {path.relative_to(url).as_posix(): path.read_bytes() for path in Path(url).rglob("*") if path.is_file()}


def fetched(url: str, folder: Path) -> Store:
    """A lab as a folder, file by file, whatever merging would make of it."""
    for where, raw in contents(url).items():
        path = folder / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return Store.find(folder)


def forget(url: str) -> None:
    root = "/" + url.removeprefix("memory://").split("/")[0]
    if MemoryFileSystem().exists(root):
        MemoryFileSystem().rm(root, recursive=True)


def chain_of(store: Store, count: int, word: str) -> list[str]:
    """A network trained on from one to the next, each with a measure; their digests."""
    made: list[str] = []
    for number in range(count):
        parents = {made[-1]: store.records.read(made[-1])["state"]["sha256"]} if made else {}
        name = digest([word, number])
        store.keep(name, {"kind": "point", "parents": parents}, state=f"weights {word} {number}".encode())
        made.append(name)
    measured = {made[-1]: store.records.read(made[-1])["state"]["sha256"]}
    store.records.write(digest([word, "measure"]), {"kind": "measure", "value": 0.5, "parents": measured})
    return made


class FailingError(Exception):
    """What a test's disk or network raises."""


def writes(monkeypatch: Any) -> Iterator[None]:
    """Let every n-th write fail, n growing with each step; ends when a step wrote less than n times."""
    import whether.store.publish as publishing

    link, rename, move = publishing._link, publishing._rename, MemoryFileSystem.mv
    count, limit = 0, 0

    def counted(genuine: Any) -> Any:
        def act(*words: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == limit:
                raise FailingError("cut off")
            return genuine(*words, **more)

        return act

    while True:
        limit, count = limit + 1, 0
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "_link", counted(link))
            patch.setattr(publishing, "_rename", counted(rename))
            patch.setattr(MemoryFileSystem, "mv", counted(move))
            yield
        if count < limit:
            return
