"""Files of a data set's repository on the Hugging Face hub, from the client's own cache where they are there."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from whether.data import cache
from whether.data.facts import Card
from whether.errors import RequestError


def fetch(card: Card) -> list[Path]:
    """The files of `card.files`, in that order, fetched if need be.

    Raises:
        RequestError: when they are not on this machine and cannot be fetched; tells where they were looked for, and the
            command that fetches them.
    """
    try:
        return _download(card)
    except Exception as error:  # no network, no such file, a proxy's answer: the client has no common root for these
        why = (str(error).splitlines() or [""])[0]
        home = os.environ.get("WHETHER_DATA")
        looked = f"WHETHER_DATA ({home} has no folder {card.name})" if home else "WHETHER_DATA (not set)"
        kept = f", in the cache ({cache.place(card)})" if card.digest else ""
        raise RequestError(
            f"{card.name} is not on this machine: looked in {looked}{kept} and on the hub ({card.source}: "
            f"{type(error).__name__}: {why}); {how(card)}, or give its folder: data=path/to/{card.name}"
        ) from error


def how(card: Card) -> str:
    """The command that fetches a data set, and where it is then found."""
    return (
        f"fetch {card.name} with `hf download {card.source} --repo-type dataset --local-dir DATA/{card.name}` and set "
        "WHETHER_DATA=DATA"
    )


def _download(card: Card) -> list[Path]:
    import huggingface_hub as hub

    def get(*, local: bool) -> list[Path]:
        return [
            Path(hub.hf_hub_download(card.source, file, repo_type="dataset", local_files_only=local))
            for file in card.files
        ]

    try:
        return get(local=True)
    except Exception:  # whatever is wrong with the client's own cache, the hub may have the files
        # Without a network the client tries for half a minute; looking up the hub's address tells at once. Not behind a
        # proxy, which may be the only one to know the address.
        if not getproxies():
            socket.getaddrinfo(urlsplit(hub.constants.ENDPOINT).hostname, 443)
        return get(local=False)
