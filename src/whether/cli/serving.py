"""The verb that shows the lab in a browser: `serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, named_lab

PANEL = "Tell"


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("serve", rich_help_panel=PANEL)(serve)


def serve(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", metavar="N", help="Where to listen; 0 takes any free port.")] = 8642,
    host: Annotated[str, typer.Option("--host", help="An address of this machine that only it can reach.")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Show the lab in a browser, read-only, on this machine only.

    Questions with their answers, registrations, live runs, the history of each network, cover sheets. Ctrl-C ends it.
    """
    from whether.cli.page import faint, near, say, say_json, strong
    from whether.store.folder import Store
    from whether.web import server
    from whether.web.app import create_app

    listens = server.loopback(host or server.HOST)
    store = Store.find(named_lab(ctx, lab), create=False)
    _ = store.claims.patience  # what is wrong with its variable is told now, and not on every page
    app = create_app(store.root)
    made = server.running(app)
    bound = server.listen(listens, port)
    server.prepare(app)
    address = server.address(bound)
    if as_json:
        say_json({"address": address, "lab": str(store.root)})
    else:
        say(f"{strong(address)}  {faint(f'shows {near(store.root)}, read-only; Ctrl-C ends it')}")
    if show:
        import webbrowser

        webbrowser.open(address)
    server.serve(made, bound)
