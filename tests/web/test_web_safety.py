"""Nothing outside the answers leaves, and nobody else is spoken to."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from web_cases import Got, folder_of, get, read

from whether.web import server
from whether.web.app import create_app

SMALL = folder_of("question-01")
SECRET = b"what nobody may see"
CLIMBS = (
    *(
        "..",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%252e%252e",
        "%25252e",
        "..%00",
        "%00",
        "..\\",
        "..%5c",
        "%5c",
        "%c0%ae%c0%ae",
    ),
    *("..;", "....", "%2f", "%2F..", "%252f", ".", "%2e", "%uff0e%uff0e", "~", "%ff", "C:%5c", "file:", "\\\\host"),
)


def refused(got: Got) -> bool:
    """Whether a page of ours says that nothing is there, and nothing else."""
    return got.status == 404 and SECRET not in got.body and b"root:" not in got.body and b"Traceback" not in got.body


@contextmanager
def served(app: Any) -> Iterator[tuple[str, int]]:
    """The application on a real port."""
    bound = server.listen(server.HOST, 0)
    running = server.running(app)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    try:
        yield bound.getsockname()
    finally:
        running.should_exit = True
        thread.join(10)
        bound.close()


def said(place: tuple[str, int], request: bytes, *, end: bool = False) -> bytes:
    """What comes back for bytes that no client would put right, after which nothing more is sent where they `end`."""
    with socket.create_connection(place, timeout=5) as line:
        line.sendall(request)
        if end:
            line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


class TestClimbing:
    def test_no_way_leads_out_of_an_answer(self, root: Path, app: Any) -> None:
        for place in (root.parent, root, root / "answers"):
            (place / "secret.txt").write_bytes(SECRET)
        aims = ("secret.txt", "etc/passwd", "ledger/00000000.json")
        starts = ("", "/answers", f"/answers/{SMALL}", f"/answers/{SMALL}/figures", "/static", "/questions", "/studies")
        for start in starts:
            for climb in CLIMBS:
                for aim in aims:
                    for deep in (1, 3):
                        path = f"{start}/{'/'.join([climb] * deep)}/{aim}"
                        assert refused(get(app, path)), path

    def test_nor_does_an_address_from_the_root(self, app: Any) -> None:
        for path in ("//etc/passwd", "/answers//etc/passwd", f"/answers/{SMALL}//etc/passwd", "/static//etc/passwd"):
            assert refused(get(app, path)), path
        for path in (b"/answers/\x00", b"/answers/\xff\xfe", f"/answers/{SMALL}/%2fetc%2fpasswd".encode()):
            assert refused(get(app, path)), path

    def test_nor_does_a_long_one(self, app: Any) -> None:
        for path in (f"/answers/{'a' * 5000}", f"/{'../' * 3000}etc/passwd", f"/questions/{'%C3%A9' * 4000}"):
            assert refused(get(app, path)), path[:60]

    def test_only_named_files_of_an_answer_are_given(self, root: Path, app: Any) -> None:
        folder = root / "answers" / SMALL
        for name in ("notes.txt", ".hidden", "figures/secret.svg", "figures/claims.svg.bak", "environment.json"):
            (folder / name).write_bytes(SECRET)
        for name in ("notes.txt", ".hidden", "figures/secret.svg", "figures/claims.svg.bak", "figures", "figures/"):
            assert refused(get(app, f"/answers/{SMALL}/{name}")), name
        for name in (
            "figures/claims.html",
            "figures/.svg",
            "figures/claims.",
            "runs.exe",
            "ANSWER.JSON",
            "answer.json/",
        ):
            assert refused(get(app, f"/answers/{SMALL}/{name}")), name

    def test_links_lead_nowhere(self, root: Path) -> None:
        outside = root.parent / "outside"
        outside.mkdir()
        (outside / "answer.json").write_bytes(SECRET)
        (outside / "secret.svg").write_bytes(SECRET)
        folder = root / "answers" / SMALL
        for name in ("report.html", "figures/claims.svg", "figures/claims.png"):
            (folder / name).unlink()
            (folder / name).symlink_to(outside / "secret.svg")
        linked = f"linked-{'0' * 8}"
        (root / "answers" / linked).symlink_to(outside)
        app = create_app(root)
        for path in (f"{SMALL}/report.html", f"{SMALL}/figures/claims.svg", f"{SMALL}/figures/claims.png", linked):
            assert refused(get(app, f"/answers/{path}")), path
        assert refused(get(app, f"/answers/{linked}/answer.json"))
        assert SECRET not in get(app, f"/answers/{SMALL}").body
        assert linked not in get(app, "/").text

    def test_nor_does_a_folder_of_figures_that_is_a_link(self, root: Path) -> None:
        folder = root / "answers" / SMALL
        outside = root.parent / "outside"
        (folder / "figures").rename(outside)
        (folder / "figures").symlink_to(outside)
        app = create_app(root)
        assert refused(get(app, f"/answers/{SMALL}/figures/claims.svg"))
        assert "<figure" in get(app, f"/answers/{SMALL}").text
        assert "<svg" not in get(app, f"/answers/{SMALL}").text

    def test_nor_an_answer_that_is_one(self, root: Path) -> None:
        file = root / "answers" / SMALL / "answer.json"
        moved = root.parent / "answer.json"
        file.rename(moved)
        file.symlink_to(moved)
        app = create_app(root)
        assert refused(get(app, f"/answers/{SMALL}"))
        assert SMALL not in get(app, "/").text

    def test_what_waits_for_a_writer_is_not_read(self, root: Path) -> None:
        folder = root / "answers" / SMALL
        (folder / "report.html").unlink()
        os.mkfifo(folder / "report.html")
        assert refused(get(create_app(root), f"/answers/{SMALL}/report.html"))

    def test_odd_folders_are_no_answers(self, root: Path) -> None:
        for name in ("..-00000000x", "-12345678", "no digest", "a b-00000000", "é" * 60 + "-0000000g", "x-1234567"):
            (root / "answers" / name).mkdir()
            (root / "answers" / name / "answer.json").write_bytes(SECRET)
        app = create_app(root)
        assert SECRET not in get(app, "/").body
        for name in os.listdir(root / "answers"):
            if not re.fullmatch(r"question-\d\d-[0-9a-f]{8}", name):
                assert refused(get(app, f"/answers/{name}".encode())), name

    def test_over_a_real_socket(self, root: Path, app: Any) -> None:
        (root.parent / "secret.txt").write_bytes(SECRET)
        with served(app) as place:
            for path in (b"/../secret.txt", b"/answers/../../secret.txt", b"/static/..%2f..%2f..%2fsecret.txt"):
                got = said(place, b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
                assert got.startswith(b"HTTP/1.1 404 ")
                assert SECRET not in got
            for odd in (
                b"GET /\x00 HTTP/1.1\r\n\r\n",
                b"GET secret.txt HTTP/1.1\r\n\r\n",
                b"\x16\x03\x01",
                b"GET / \r\n\r\n",
            ):
                assert SECRET not in said(place, odd, end=True)
            fine = said(place, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert fine.startswith(b"HTTP/1.1 200 ")
            assert b"\nserver:" not in fine.lower()


class TestStrangers:
    def test_only_names_of_this_machine_are_answered(self, shown: Any) -> None:
        for host in ("localhost", "localhost:1", "127.0.0.1:8642", "[::1]:8642", "LOCALHOST:80"):
            assert get(shown, "/", host=host).status == 200, host
        strangers = ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.1@evil", "0.0.0.0", "[::]")
        for host in (*strangers, "192.168.1.2:8642", "localhost:8642:1", "localhost:x", " localhost", "", "a" * 9999):
            got = get(shown, "/", host=host)
            assert (got.status, b"question" in got.body) == (421, False), host
        assert get(shown, "/", host=None).status == 421
        assert get(shown, "/", headers=[(b"host", b"evil.example")]).status == 421

    def test_pages_of_others_cannot_keep_us_busy(self, shown: Any) -> None:
        def asked(site: str, mode: str, dest: str, path: str = "/") -> int:
            said = [(b"sec-fetch-site", site), (b"sec-fetch-mode", mode), (b"sec-fetch-dest", dest)]
            return get(shown, path, headers=[(name, value.encode()) for name, value in said]).status

        for site in ("cross-site", "same-site"):
            assert asked(site, "navigate", "document") == 200  # a link that somebody follows
            for mode, dest in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("navigate", "embed")):
                assert asked(site, mode, dest) == 403, (site, mode, dest)
        assert asked("cross-site", "cors", "empty", "/live/events") == 403
        assert asked("same-origin", "no-cors", "image") == asked("none", "navigate", "document") == 200

    def test_nothing_but_reading(self, shown: Any) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"):
            got = get(shown, "/", method=method)
            assert (got.status, got.headers["allow"]) == (405, "GET, HEAD"), method

    def test_every_answer_says_what_a_browser_may_do(self, shown: Any) -> None:
        file = f"/answers/{SMALL}"
        for path in (
            "/",
            "/nothing",
            "/../x",
            "/static/style.css",
            f"{file}/answer.json",
            f"{file}/figures/claims.svg",
        ):
            headers = get(shown, path, headers=[(b"origin", b"https://evil.example")]).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert not any(name.startswith("access-control") for name in headers)
            assert "set-cookie" not in headers
        policy = get(shown, "/").headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "base-uri 'none'" in policy
        for path in ("/", file, f"{file}/runs", "/studies", "/ledger"):
            page = read(get(shown, path))
            assert page.named("style") == []
            assert not any("style" in given for _, given in page.elements)
            assert all(given.get("src", "").startswith("/static/") for given in page.named("script"))

    def test_files_of_answers_are_of_no_origin_and_run_nothing(self, root: Path, app: Any) -> None:
        (root / "answers" / SMALL / "report.html").write_bytes(b"<script>alert(1)</script>")
        for name in ("report.html", "answer.json", "figures/claims.svg", "figures/claims.png"):
            policy = get(app, f"/answers/{SMALL}/{name}").headers["content-security-policy"]
            assert policy.startswith("sandbox")
            assert "allow-scripts" not in policy
            assert "allow-same-origin" not in policy
        for name in ("runs.csv", "runs.parquet", "figures/claims.csv"):
            assert get(app, f"/answers/{SMALL}/{name}").headers["content-disposition"] == "attachment"
