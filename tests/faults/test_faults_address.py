"""Which Ray cluster a command finds, and what it is told when that one cannot be reached or fits ill."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from whether.errors import RequestError
from whether.execute import cluster
from whether.execute.seat import Orders, misfit
from whether.store import Store

pytest.importorskip("ray", reason="Ray is not installed: pip install 'whether[ray]'")
pytestmark = [
    pytest.mark.usefixtures("place_of_ray"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


class TestRunning:
    """Which cluster of this machine a command finds."""

    def note(self, place: Path, address: str) -> None:
        (place / "ray").mkdir()
        (place / "ray" / "ray_current_cluster").write_text(address)

    def test_none_was_started(self) -> None:
        assert cluster.running() == ""

    def test_one_that_answers(self, place_of_ray: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
            self.note(place_of_ray, address)
            assert cluster.running() == address

    def test_one_that_is_gone(self, place_of_ray: Path) -> None:
        """Its node was cut off, so that nobody took the note away."""
        self.note(place_of_ray, "127.0.0.1:9")
        began = time.monotonic()
        assert cluster.running() == ""
        assert time.monotonic() - began < cluster.REACHES_WITHIN + 1


class TestRefused:
    """What is told when somebody listens, but Ray cannot connect."""

    def connect(self, tmp_path: Path, address: str | None = None) -> None:
        cluster.RayCluster(Store.find(tmp_path / "lab", create=True), address).start()

    @pytest.fixture(autouse=True)
    def refusing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import ray

        def init(address: str, **options: Any) -> None:
            raise ConnectionError(f"not to {address}")

        monkeypatch.setattr(ray, "init", init)

    def test_at_a_given_address(self, tmp_path: Path) -> None:
        with pytest.raises(
            RequestError, match=r"not connect to ray://host:1 \(ConnectionError: not to ray.*AUTH_MODE=tok"
        ):
            self.connect(tmp_path, "ray://host:1")

    def test_at_one_that_was_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """No other is made in its place: it may have nodes elsewhere."""
        monkeypatch.setattr(cluster, "running", lambda: "host:2")
        with pytest.raises(RequestError, match=r"not connect to host:2 \(.*not to auto\).*RAY_ADDRESS=local starts"):
            self.connect(tmp_path)

    def test_at_one_of_its_own(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match=r"not start a cluster on this machine \(.*not to local\). --on local"):
            self.connect(tmp_path)


class TestWrongInput:
    def test_an_address_that_does_not_answer(self) -> None:
        began = time.monotonic()
        with pytest.raises(RequestError, match=r"no Ray cluster answers at ray://127.0.0.1:9 .*ray start --head"):
            cluster.answers("ray://127.0.0.1:9")
        assert time.monotonic() - began < cluster.REACHES_WITHIN + 1

    @pytest.mark.parametrize("address", ["ray://:10001", "ray://host:port", "nonsense:x"])
    def test_what_is_no_address(self, address: str) -> None:
        with pytest.raises(RequestError, match="is no address; expected ray://HOST:10001, or HOST:6379 in RAY_ADDRESS"):
            cluster.answers(address)

    def test_ray_that_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(RequestError, match=r"pip install 'whether\[ray\]'.*--on local"):
            cluster.import_ray()

    def orders(self, lab: Path, **changes: Any) -> Orders:
        import whether

        said: dict[str, Any] = {"token": "abc", "version": whether.__version__} | changes
        return Orders(lab=str(lab), device="cpu", folder="/", path=(), **said)

    def test_a_lab_that_workers_do_not_see(self, tmp_path: Path) -> None:
        store = Store.find(tmp_path / "lab", create=True)
        store.work.mark("abc")
        assert misfit(self.orders(store.root)) == ""
        for orders in (self.orders(tmp_path / "elsewhere"), self.orders(store.root, token="def")):
            assert "does not see the lab" in misfit(orders)
            assert "a file system that they share" in misfit(orders)

    def test_another_version_is_refused(self, tmp_path: Path) -> None:
        said = misfit(self.orders(tmp_path, version="0.0.1"))
        assert "and this command is 0.0.1: two versions may make other bits" in said
