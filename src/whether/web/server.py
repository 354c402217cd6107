"""A server for this machine's own browser: which addresses it may have, the port it takes, and its quiet end."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

from whether.errors import RequestError, WorkError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from uvicorn import Server

PORT = 8642
HOST = "127.0.0.1"
_TRIED = 50
_LEAVE = 1
"""Seconds for which pages that are still being sent, such as live ones, may hold up the end."""


def loopback(host: str) -> str:
    """An address that only this machine can reach.

    Args:
        host: "localhost", or an address in figures.

    Raises:
        RequestError: others could reach it; says how to look at a lab from another machine all the same.

    Example:
        >>> loopback("localhost"), loopback("127.0.0.1"), loopback("::1")
        ('127.0.0.1', '127.0.0.1', '::1')
    """
    if host.lower() == "localhost":
        return HOST
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is None or str(address) not in (HOST, "::1"):
        raise RequestError(
            f"--host {host}: a lab is only shown to this machine (127.0.0.1, ::1 or localhost), because whoever "
            "reached the page could read everything in it, without a password. To look at it from another machine, let "
            f"ssh carry it: there, run `ssh -L {PORT}:127.0.0.1:{PORT} USER@THIS-MACHINE` and open http://127.0.0.1:{PORT}"
        )
    return str(address)


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Args:
        host: from `loopback`.
        port: 0 for any that is free.

    Raises:
        RequestError: it is taken, is not ours to take, or is no port; names the next free one.
    """
    if not 0 <= port <= 65535:
        raise RequestError(f"--port {port}: a port is a number from 1 to 65535, such as {PORT}; 0 takes any free one.")
    try:
        return _bound(host, port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
            raise WorkError(f"could not listen on {host}, port {port}: {error.strerror or error}.") from error
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else "is not ours to take"
        free = next(_free(host, port), None)
        what = f"whether serve --port {free}" if free else "name another with --port"
        raise RequestError(f"port {port} {why} (another `whether serve`, perhaps). The next free one: {what}") from None


def address(bound: socket.socket) -> str:
    """What one opens in a browser."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def prepare(app: FastAPI) -> None:
    """Read the lab once, and the pages' templates, before anybody waits for them."""
    import gc
    from xml.etree import ElementTree  # noqa: F401 - this and the next would be read for the first page that needs them

    import scipy.special  # noqa: F401

    from whether.cover import filled, render  # noqa: F401
    from whether.report import figures  # noqa: F401
    from whether.web.question_pages import catalogue
    from whether.web.rendering import prepare as prepare_pages

    app.state.view.answers()
    catalogue()
    prepare_pages()
    app.state.view.measured.begin()
    gc.freeze()  # none of this is ever garbage, and is not looked through again


def serve(made: Server, bound: socket.socket) -> None:
    """Answer requests until Ctrl-C or a signal to end, and then return."""
    try:
        made.run(sockets=[bound])
    except KeyboardInterrupt:  # how it is ended
        return
    finally:
        bound.close()


def running(app: FastAPI) -> Server:
    """The server with our settings: it says nothing of itself, and believes nothing that a proxy may have added.

    Raises:
        RequestError: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        from whether.web.app import NEEDS

        raise RequestError(NEEDS) from error

    config = uvicorn.Config(
        app,
        log_level="error",  # whoever sends us what is no request should not write on the terminal
        access_log=False,
        lifespan="off",
        loop="asyncio",
        http="h11",  # whatever else is installed: the limit below is its
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LEAVE,
        h11_max_incomplete_event_size=16 * 1024,
    )
    made = uvicorn.Server(config)
    app.state.is_over = lambda: made.should_exit
    return made


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def _free(host: str, port: int) -> Iterator[int]:
    for candidate in range(max(port, 1023) + 1, min(max(port, 1023) + _TRIED, 65536)):
        try:
            _bound(host, candidate).close()
        except OSError:
            continue
        yield candidate
