"""What verbs have in common: the options that many take, where the lab is, and how the list of verbs is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from whether.errors import RequestError, unknown

if TYPE_CHECKING:
    from whether.lab import Lab


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RequestError(f"--seed is {text!r}; expected a whole number, such as --seed 7.") from None


# Hidden arguments stand in the line of usage; what they are is said in the text (`NAMES`).
Words = Annotated[list[str] | None, typer.Argument(metavar="NAME k=v", show_default=False, hidden=True)]
NAMES = (
    "NAME is a question of the catalogue or a Python file with one of your own. Its options stand anywhere on the line "
    "as k=v: rounds=12 rewind=500it widths=[2,4,8]; `whether show NAME` explains them."
)
Sweeps = Annotated[
    list[str] | None,
    typer.Option("--sweep", metavar="k=1,2,4", show_default=False, help="Ask one question for each of these values."),
]
OpenTest = Annotated[
    bool,
    typer.Option(
        "--open-test", help="Answer on the test split, which is counted in the ledger; otherwise on validation."
    ),
]
Exploratory = Annotated[
    bool,
    typer.Option("--exploratory", help="Ask with seeds of its own although the question is registered."),
]
RootSeed = Annotated[int, typer.Option("--seed", metavar="N", parser=_whole, help="The root of all seeds.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print plain JSON.")]
LabPath = Annotated[
    Path | None,
    typer.Option(
        "--lab",
        metavar="FOLDER",
        show_default=False,
        help="The lab to work in; otherwise WHETHER_LAB, the nearest one upward, or a new ./lab.",
    ),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]

FAMILIES = ("Ask", "Answer", "Read", "Tell", "Keep")


def named_lab(ctx: typer.Context, given: Path | None) -> Path | None:
    """What `--lab` said, after the verb or before it."""
    said: Path | None = given or ctx.find_root().params.get("lab")
    return said


def open_lab(ctx: typer.Context, given: Path | None, *, create: bool) -> Lab:
    """The lab of a command: the one that `--lab` said, else the nearest one.

    Args:
        ctx: of the verb.
        given: what `--lab` said after the verb.
        create: make it when there is none; verbs that only read say False.
    """
    from whether.lab import Lab

    return Lab(named_lab(ctx, given), create=create)


class Verbs(TyperGroup):
    """The verbs in their families; a wrong one is told the nearest."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the parser passes it
        """Write the families one after the other, each verb with its first sentence."""
        for family in FAMILIES:
            verbs = [(name, verb) for name, verb in self.commands.items() if _family(verb) == family]
            with formatter.section(family):
                rows = [(f"{name:<9}", (verb.help or "").partition("\n")[0]) for name, verb in verbs]
                formatter.write_dl(rows, col_spacing=1)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb; options of a question may stand before it, too."""
        ahead = 0
        while ahead < len(args) and _is_option(args[ahead]):
            ahead += 1
        args = [*args[ahead:], *args[:ahead]]
        if args[0] not in self.commands:
            raise self._unknown(args[0])
        return super().resolve_command(ctx, args)

    def _unknown(self, word: str) -> RequestError:
        from whether.catalogue.find import is_file, names

        if _is_option(word):
            return RequestError(f"{word} is an option, but of what? Name verb and question: whether run NAME {word}")
        if word in names() or is_file(word):
            return RequestError(f"{word} is a question; what about it? To answer it: whether run {word}")
        return unknown("verb", word, self.commands, "`whether --help` tells what each does.")


def _family(verb: Any) -> str | None:
    family: str | None = getattr(verb, "rich_help_panel", None)
    return family


def _is_option(word: str) -> bool:
    return word.partition("=")[0].isidentifier() and "=" in word
