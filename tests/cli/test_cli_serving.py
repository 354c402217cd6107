"""`whether serve`: which addresses it takes, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from whether.errors import RequestError
from whether.store.folder import Store
from whether.web import server


@pytest.fixture
def made(folder: Path) -> Path:
    """An empty lab in the working folder."""
    return Store.find(folder / "lab").root


@contextmanager
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


@contextmanager
def running(root: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command itself, on any free port, and its first line."""
    line = [sys.executable, "-m", "whether", "serve", "--lab", str(root), "--port", "0", *words]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as made:
        assert made.stdout is not None
        try:
            yield made, made.stdout.readline()
        finally:
            made.kill()


class TestRefused:
    @pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org", "127.0.0.2", "127.0.0.1:80", "0"])
    def test_an_address_that_others_reach(self, host: str, made: Path, whether: Any) -> None:
        done = whether("serve", "--host", host)
        assert (done.code, done.out) == (2, "")
        assert f"--host {host}: a lab is only shown to this machine (127.0.0.1, ::1 or localhost)" in done.err
        assert "without a password" in done.err
        assert "ssh -L 8642:127.0.0.1:8642" in done.err

    def test_a_port_that_is_taken(self, made: Path, whether: Any) -> None:
        with taken() as port:
            done = whether("serve", "--port", str(port))
        assert (done.code, done.out) == (2, "")
        assert f"port {port} is taken by another program" in done.err
        free = int(done.err.rpartition("--port ")[2].split()[0])
        assert port < free < port + 50

    @pytest.mark.parametrize("port", ["-1", "65536", "123456"])
    def test_no_port(self, port: str, made: Path, whether: Any) -> None:
        done = whether("serve", "--port", port)
        assert done.code == 2
        assert "a port is a number from 1 to 65535, such as 8642" in done.err

    def test_no_lab(self, folder: Path, whether: Any) -> None:
        done = whether("serve")
        assert done.code == 2
        assert "there is no lab in" in done.err
        assert list(folder.iterdir()) == []
        done = whether("serve", "--lab", "elsewhere")
        assert done.code == 2
        assert "there is no lab at" in done.err
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("missing", ["fastapi", "uvicorn"])
    def test_without_what_it_needs(
        self, missing: str, made: Path, whether: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, missing, None)
        done = whether("serve", "--port", "0")
        assert (done.code, done.out) == (2, "")
        assert "pip install 'whether[web]'" in done.err


class TestServed:
    def test_a_setting_that_pages_would_stumble_over_is_told_at_once(
        self, made: Path, whether: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WHETHER_CLAIM_SECONDS", "soon")
        done = whether("serve", "--port", "0")
        assert (done.code, done.out) == (2, "")
        assert "WHETHER_CLAIM_SECONDS" in done.err

    def test_it_says_where_and_ctrl_c_ends_it_quietly(self, made: Path) -> None:
        with running(made) as (process, line):
            address = line.split()[0]
            assert address.startswith("http://127.0.0.1:")
            assert line.endswith("read-only; Ctrl-C ends it\n")
            with urllib.request.urlopen(address, timeout=10) as got:
                assert b"Nothing was asked in this lab yet" in got.read()
            with urllib.request.urlopen(f"{address}live/events", timeout=10) as stream:  # as a page that is open has
                assert stream.readline().startswith(b"retry:")
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, "", "")

    def test_as_json(self, made: Path) -> None:
        with running(made, "--json") as (process, line):
            assert process.stdout is not None
            told = json.loads("".join([line, *iter(process.stdout.readline, "}\n")]) + "}")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)
        assert told["lab"] == str(made)
        assert told["address"].startswith("http://127.0.0.1:")

    def test_it_opens_the_browser_when_asked(self, made: Path, whether: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import webbrowser

        opened: list[str] = []
        monkeypatch.setattr(webbrowser, "open", opened.append)
        monkeypatch.setattr(server, "serve", lambda made, bound: bound.close())
        assert whether("serve", "--port", "0").code == 0
        assert opened == []
        assert whether("serve", "--port", "0", "--open").code == 0
        assert len(opened) == 1
        assert opened[0].startswith("http://127.0.0.1:")


class TestAddresses:
    def test_what_only_this_machine_reaches(self) -> None:
        assert [server.loopback(host) for host in ("localhost", "LOCALHOST", "127.0.0.1", "::1", "[::1]")] == [
            *("127.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "::1")
        ]

    @pytest.mark.parametrize("listen", [server.listen])
    def test_it_listens_nowhere_else(self, listen: Callable[[str, int], socket.socket]) -> None:
        with listen(server.HOST, 0) as bound:
            assert bound.getsockname()[0] == "127.0.0.1"
            assert server.address(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}/"
            # Answers in several pieces would wait for the other side's leave, 40 ms each.
            assert bound.proto == socket.IPPROTO_TCP

    def test_a_port_of_the_system_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuses(host: str, port: int) -> socket.socket:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(server, "_bound", refuses)
        with pytest.raises(RequestError, match=r"port 80 is not ours to take .* name another with --port"):
            server.listen(server.HOST, 80)
