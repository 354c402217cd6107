"""Every executor that is shipped passes the suite that is shipped."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from whether.execute import conformance
from whether.execute.cluster import RayCluster
from whether.execute.contract import Executor
from whether.execute.inprocess import InProcess
from whether.execute.local import Local
from whether.execute.workshop import Workshop
from whether.store.folder import Store

Make = Callable[[Store], Executor]


def lanes(store: Store) -> Executor:
    return InProcess(Workshop(store), lanes=2)


def processes(store: Store) -> Executor:
    return Local(store, workers=2)


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """A small cluster on this machine, for the whole module."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'whether[ray]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def actors(store: Store) -> Executor:
    return RayCluster(store)


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", [lanes, processes])
def test_conforms(make: Make, check: Callable[[Make, Path], None], tmp_path: Path) -> None:
    check(make, tmp_path)


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.usefixtures("ray")
@pytest.mark.xdist_group("ray")
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_conforms(check: Callable[[Make, Path], None], tmp_path: Path) -> None:
    check(actors, tmp_path)
