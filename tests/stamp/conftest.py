from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from repositories import GIT, KEYGEN, copy, forget_settings, make

if TYPE_CHECKING:
    from repositories import Repository
    from stamps import Behaviour, Party


@pytest.fixture(scope="session")
def parties(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Party]:
    """A root, an authority under it, one under a middle, another root, and authorities with faults."""
    pytest.importorskip("rfc3161_client", reason="the extra `stamp` is not installed here")
    from stamps import OPENSSL, party

    if OPENSSL is None:
        pytest.skip("no openssl command here, which plays the authority")
    folder = tmp_path_factory.mktemp("authority")
    root, other = party(folder, "root", begun=90, ended=-90), party(folder, "other")
    middle = party(folder, "middle", root)
    return {
        "root": root,
        "other": other,
        "middle": middle,
        "stamps": party(folder, "stamps", root, stamps=True),
        "below": party(folder, "below", middle, stamps=True),
        "rsa": party(folder, "rsa", root, stamps=True, kind="rsa"),
        "expired": party(folder, "expired", root, stamps=True, begun=20, ended=10),
        "early": party(folder, "early", root, stamps=True, begun=-10, ended=-20),
    }


class Authority:
    """A server on this machine; what it answers is set by each test."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.behaviour: Behaviour | None = None
        self.asked: list[SimpleNamespace] = []

    def stamps(self, signer: Party, change: Callable[[bytes], bytes] | None = None, **how: Any) -> None:
        """From now on it stamps; the answer may be changed on its way."""
        from stamps import REPLY, reply

        def behave(query: bytes) -> tuple[int, dict[str, str], bytes]:
            answer = reply(self.folder, query, signer, **how)
            return 200, {"Content-Type": REPLY}, change(answer) if change else answer

        self.behaviour = behave


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[ThreadingHTTPServer, list[Authority]]]:
    current: list[Authority] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            current[-1].asked.append(SimpleNamespace(headers=dict(self.headers), body=body, path=self.path))
            assert current[-1].behaviour is not None
            status, headers, answer = current[-1].behaviour(body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked may have gone
                self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *words: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server, current
    server.shutdown()
    server.server_close()


@pytest.fixture
def authority(
    _server: tuple[ThreadingHTTPServer, list[Authority]],
    parties: dict[str, Party],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Authority:
    """An authority that stamps, until a test says otherwise."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server, current = _server
    (tmp_path / "authority").mkdir()
    found = Authority(f"http://127.0.0.1:{server.server_port}/tsr", tmp_path / "authority")
    found.stamps(parties["stamps"])
    current.append(found)
    return found


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    if GIT is None or KEYGEN is None:
        pytest.skip("no git or no ssh-keygen here, with which tags are signed")
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run([KEYGEN, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / "ann")], check=True)
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch, folder)
        return make(folder, folder / "ann")


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git has no settings but those of the repository at hand."""
    forget_settings(monkeypatch, tmp_path)


@pytest.fixture
def repository(_made_once: Repository, no_settings: None, tmp_path: Path) -> Repository:
    """A repository with a remote, in which tags are signed with an SSH key."""
    return copy(_made_once, tmp_path)


@pytest.fixture
def gpg_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """The same, in which GPG signs."""
    if shutil.which("gpg") is None:
        pytest.skip("no gpg here, with which tags are signed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # short: its agent listens at a path in it
        monkeypatch.setenv("GNUPGHOME", home)
        words = ["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "Ann Lee <ann@example.org>"]
        subprocess.run(["gpg", *words, "ed25519", "default", "never"], check=True, capture_output=True)
        repository.git("config", "gpg.format", "openpgp")
        repository.git("config", "user.signingKey", "ann@example.org")
        yield repository
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True, env={**os.environ, "GNUPGHOME": home})
