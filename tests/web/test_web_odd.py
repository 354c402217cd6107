"""Whatever somebody puts into a lab, pages neither wait for it without end nor fail of it."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from web_cases import SVG, folder_of, get, read

from whether.web.app import create_app
from whether.web.drawn import safe_svg

SMALL = folder_of("question-01")
PAGES = ("/", "/live", "/studies", "/ledger", "/search?q=abcd", f"/answers/{SMALL}", f"/answers/{SMALL}/runs")


def within(seconds: float, work: Callable[[], Any]) -> Any:
    """What some work gives; fails where it takes longer than that."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "it waits without end"
    return found[0]


def fifo_in_ledger(root: Path) -> None:
    (root / "ledger" / "00000001.json").unlink()
    os.mkfifo(root / "ledger" / "00000001.json")


def fifo_at_work(root: Path) -> None:
    (root / "work" / "drivers").mkdir(parents=True)
    os.mkfifo(root / "work" / "drivers" / "a.json")


def endless_at_work(root: Path) -> None:
    (root / "work" / "drivers").mkdir(parents=True)
    (root / "work" / "drivers" / "a.json").symlink_to("/dev/zero")


def fifos_for_figures(root: Path) -> None:
    for figure in (root / "answers" / SMALL / "figures").iterdir():
        figure.unlink()
        os.mkfifo(figure)


def loop_of_links(root: Path) -> None:
    (root / "answers" / f"a-{'0' * 8}").symlink_to(f"a-{'0' * 8}")


def numbers_beyond_all(root: Path) -> None:
    (root / "work" / "drivers").mkdir(parents=True)
    status = {"slots": [], "steps": [10**400, 1], "busy": 10**400, "seconds": -5, "questions": ["x" * 10_000]}
    said = {"id": "a", "host": "h" * 10_000, "pid": 10**300, "status": status}
    (root / "work" / "drivers" / "a.json").write_text(json.dumps(said))


def files_for_folders(root: Path) -> None:
    for name in ("records", "work", "states"):
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).write_bytes(b"")


def brackets_without_end(root: Path) -> None:
    (root / "ledger" / "00000099.json").write_bytes(b"[" * 100_000)


ODD = [
    *(fifo_in_ledger, fifo_at_work, endless_at_work, fifos_for_figures, loop_of_links, numbers_beyond_all),
    *(files_for_folders, brackets_without_end),
]


@pytest.mark.parametrize("make", ODD)
def test_every_page_stands(root: Path, make: Callable[[Path], None]) -> None:
    make(root)
    app = create_app(root)
    for page in PAGES:
        assert within(20, lambda page=page: get(app, page)).status == 200, page


def test_a_sheet_does_not_wait_for_a_ledger_that_cannot_be_read(root: Path) -> None:
    fifo_in_ledger(root)
    got = within(20, lambda: get(create_app(root), f"/answers/{SMALL}/cover.json"))
    assert got.status == 503


def test_the_place_of_what_is_odd_is_told(root: Path) -> None:
    fifo_in_ledger(root)
    assert "ledger/00000001.json" in read(get(create_app(root), "/ledger")).words


class TestFigures:
    def test_other_encodings_hide_nothing(self) -> None:
        laugh = '<!DOCTYPE svg [<!ENTITY a "ha">]><svg viewBox="0 0 9 9"><text>&a;</text></svg>'
        for encoding in ("utf-8", "utf-16"):
            assert safe_svg(f'<?xml version="1.0" encoding="{encoding}"?>{laugh}'.encode(encoding)) is None
        assert safe_svg(SVG) is not None

    def test_only_paths_are_used_again(self) -> None:
        grown = b'<svg><g id="a"><path id="p" d="M0 0"/><use href="#p"/></g><g id="b"><use href="#a"/></g></svg>'
        told = safe_svg(grown) or b""
        assert (told.count(b'href="#p"'), told.count(b'href="#a"')) == (1, 0)

    def test_one_that_is_too_large_is_none(self) -> None:
        assert safe_svg(SVG.replace(b"<path", b"<g/>" * 1_100_000 + b"<path")) is None
