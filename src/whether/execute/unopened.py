"""A workshop that opens when something is made in it: a question of which all numbers stand waits for no PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from whether.errors import DamagedPieceError, DamageError
from whether.execute.progress import Listener
from whether.history.facts import Fact
from whether.store.folder import Store

if TYPE_CHECKING:
    from whether.execute.workshop import Workshop as _Workshop
else:
    _Workshop = object


def record_of(store: Store, digest: str) -> dict[str, Any]:
    """A record, its seal checked.

    Raises:
        DamagedPieceError: when it is damaged or missing.
    """
    try:
        return store.records.read(digest)
    except DamageError as error:
        raise DamagedPieceError(digest, error) from error


class UnopenedWorkshop(_Workshop):
    """A `Workshop` in all that it does; what needs no tensors it does without opening.

    Args:
        store, tell: as a Workshop takes them.
    """

    def __init__(self, store: Store, tell: Listener) -> None:
        self.store, self.tell = store, tell

    def record(self, digest: str) -> dict[str, Any]:
        """As `record_of`."""
        return record_of(self.store, digest)

    def prepare(self, wanted: Iterable[Fact]) -> None:
        """See that what is wanted can be made; nothing is opened for nothing."""
        listed = list(wanted)
        if listed:
            self._opened.prepare(listed)

    def forget(self, digest: str) -> None:
        """Drop what is known of a piece; an unopened workshop knows of none."""
        if "_opened" in self.__dict__:
            self._opened.forget(digest)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # of a door that is not there yet, as when it is copied
        return getattr(self._opened, name)

    @cached_property
    def _opened(self) -> _Workshop:
        from whether.execute.workshop import Workshop

        return Workshop(self.store, self.tell)
