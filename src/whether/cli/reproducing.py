"""The verb that makes a part of somebody's answer again: `reproduce`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whether.cli.verbs import AsJson, LabPath, named_lab
from whether.cli.working import On

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.bundle.archive import Bundle
    from whether.bundle.reproduced import ClaimAgain, Reproduced, RunAgain
    from whether.question import Question

PANEL = "Tell"
DISAGREES = 1
FILE = "reproduction.json"
MOST_NAME = 120
EXITS = (
    "The exit code is 0 when it agrees or cannot tell, 1 when it does not agree, 2 when nothing could be trained, 3 "
    "when the bundle is damaged. A killed command goes on where it was when it is run again."
)


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("reproduce", rich_help_panel=PANEL, epilog=EXITS)(reproduce)


@dataclass(frozen=True)
class Wish:
    """How a reproduction was asked for, beside its bundle."""

    replicates: int
    arms: tuple[str, ...]
    by: str
    on: str
    quiet: bool


def reproduce(
    ctx: typer.Context,
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", hidden=True)],
    *,
    replicates: Annotated[
        int, typer.Option("--replicates", metavar="K", help="Train the first K replicates again.")
    ] = 2,
    arms: Annotated[
        list[str] | None,
        typer.Option("--arms", metavar="ARM", show_default=False, help="Only this arm; may be given several times."),
    ] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Run the code that is in the bundle.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who reproduces it, for the cover sheet.")] = "",
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", show_default=False, help="Where to work: ./reproduced-NAME-DIGEST."),
    ] = None,
    on: On = "auto",
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """Train a part of a bundle's answer again, to see whether it agrees.

    BUNDLE is what `whether bundle` wrote. It is verified first. The code in it is somebody else's: without --trust
    nothing of it is run, and it is told what would be.
    """
    from whether.bundle import again
    from whether.bundle.archive import opened
    from whether.errors import RequestError
    from whether.execute.engines import check

    check(on)
    if len(by) > MOST_NAME:
        raise RequestError(f"--by has {len(by)} signs; expected a name of at most {MOST_NAME}.")
    wish = Wish(replicates, tuple(arms or ()), by, on, as_json)
    with opened(bundle) as found:
        _see_whole(found)
        answer = found.answer()
        again.check(answer, wish.replicates, wish.arms)
        if not trust:
            _refuse(found, answer, bundle)
        folder = (to or Path(f"reproduced-{answer.name}-{answer.digest[:8]}")).expanduser().absolute()
        _see_ours(folder)
        given = named_lab(ctx, lab)
        place = given.expanduser().absolute() if given else folder / "lab"
        _see_writable(folder, "--to")
        if given:
            _see_writable(place, "--lab")
        _see_new(found, place)
        made = _made(found, answer, folder, place, wish)
    _write(made, folder)
    _tell(made, folder, wish)
    if made.agrees == "no":
        raise typer.Exit(DISAGREES)


def _see_whole(bundle: Bundle) -> None:
    """Refuse a bundle that does not say what its evidence says."""
    from whether.bundle.check import check
    from whether.cli.live import counting
    from whether.errors import DamageError

    with counting("files of the bundle") as progress:
        findings = check(bundle, progress)
    if findings:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        raise DamageError(
            f"{bundle.given} is not reproduced, as it is not whole: {first.place}: {first.what}{more} "
            f"`whether verify {bundle.given}` tells all.",
            place=first.place,
        )


def _refuse(bundle: Bundle, answer: Answer, given: Path) -> None:
    """Say what would be run."""
    from whether.bundle.again import code_of
    from whether.errors import RequestError
    from whether.report.numbers import clean

    code = code_of(bundle)
    files = "\n".join(f"  {sha256}  {clean(name)}" for name, sha256 in code.files.items())
    if code.files:
        what = (
            f"Training {answer.name} again runs this code of the bundle on this machine, with your rights:\n\n{files}"
        )
        how = (
            f"Read it first: unzip -p {shlex.quote(str(given))} 'question/*' shows it"
            if given.is_file()
            else f"It lies in {given}"
        )
        how += ". Run it where it can do no harm, such as in a container."
    else:
        from whether import __version__

        what = f"Training {answer.name} again runs the catalogue's own code, version {__version__}, and none of others."
        how = f"To look at it: whether show {answer.name}"
    raise RequestError(f"{what}\n\n{how}\nNothing was run. To run it, add --trust.")


def _see_ours(folder: Path) -> None:
    """Refuse a folder that holds other things than a reproduction does."""
    from whether.errors import RequestError
    from whether.store.layout import is_ours_or_the_systems

    if not folder.is_dir():
        if folder.exists():
            raise RequestError(f"--to {folder} is a file; expected a folder, which need not be there yet.")
        return
    there = {path.name for path in folder.iterdir() if not is_ours_or_the_systems(path.name)}
    if others := sorted(there - {"lab", "question", FILE}):
        raise RequestError(
            f"--to {folder} holds other things ({', '.join(others[:3])}); expected a new folder, or one of a "
            "reproduction of this answer, which then goes on."
        )


def _see_writable(folder: Path, option: str) -> None:
    """Refuse a folder into which nothing can be written, before anything is trained; leaves nothing there."""
    from whether.errors import RequestError
    from whether.store.publish import probe

    stands = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        probe(stands)
    except OSError as error:
        raise RequestError(
            f"{stands} cannot be written to ({error.strerror or error}), and what is made again is kept in {folder}. "
            f"Nothing was trained. Name a folder of your own: {option} FOLDER"
        ) from error


def _see_new(bundle: Bundle, lab: Path) -> None:
    """Refuse a lab with other work, before a folder is made."""
    from whether.bundle import again
    from whether.lab import Lab
    from whether.store.layout import MARKER

    if (lab / MARKER).exists():
        again.see_new(Lab(lab, create=False).store, hashlib.sha256(again.answer_bytes(bundle)).hexdigest())


@dataclass(frozen=True)
class Before:
    """What an earlier reproduction in the same folder says of itself; empty where there is none."""

    by: str = ""
    time: str = ""


def _before(folder: Path, digest: str) -> Before:
    """Who made the same answer again in this folder, and when, as the file there says."""
    from whether.bundle.reproduced import UNNAMED
    from whether.store.publish import load
    from whether.store.sealed import unseal

    found = unseal(load(folder / FILE, what=FILE) or b"") or {}
    if found.get("answer") != digest:
        return Before()
    by = str(found.get("by", ""))
    return Before("" if by == UNNAMED else by, str(found.get("time", "")))


def _see_named(before: Before, wish: Wish, folder: Path) -> None:
    """Refuse to train more without a name where another's stands: it would be lost, or be said of what is new."""
    from whether.errors import RequestError
    from whether.report.numbers import clean

    if before.by and not wish.by:
        raise RequestError(
            f"{folder / FILE} is of a reproduction by {clean(before.by)}, and more would be trained. Nothing was "
            "trained. Say who does it with --by NAME, or work elsewhere with --to FOLDER."
        )


def _made(bundle: Bundle, answer: Answer, folder: Path, lab: Path, wish: Wish) -> Reproduced:
    """Everything but telling of it."""
    from datetime import UTC, datetime

    from whether.bundle import again
    from whether.bundle.reproduced import compare, reproduced
    from whether.campaign import Campaign, Means
    from whether.cli.live import watching
    from whether.cli.page import complain, say
    from whether.lab import Lab
    from whether.report.numbers import plural

    raw = again.answer_bytes(bundle)
    digest = hashlib.sha256(raw).hexdigest()
    with _question(bundle, answer, folder) as question:
        chosen = again.parts(answer, question, bundle.store, replicates=wish.replicates, arms=wish.arms)
        store, before = Lab(lab).store, _before(folder, digest)
        stands = {part.fact.digest for part in chosen} <= store.records.listing()
        if not stands:
            _see_named(before, wish, folder)
        again.mark(store, digest, answer.name)
        tell = complain if wish.quiet else say
        tell(f"{answer.name}: {plural(len(chosen), 'run')} to make again")
        with watching(tell, terminal=sys.stdout.isatty() and not wish.quiet) as listen:
            campaign = Campaign(store, listen, Means(on=wish.on), record_failures=again.failures_expected(chosen))
            runs = again.train(campaign, answer, chosen)
    weights = again.same_weights(chosen, bundle.store, store)
    here, there = again.profiles(chosen, store), again.profiles(chosen, bundle.store)
    return reproduced(
        answer,
        compare(answer, runs, same_weights=weights),
        answer=digest,
        bundle=bundle.digest,
        by=wish.by or before.by,
        time=(before.time if stands else "") or datetime.now(UTC).isoformat(timespec="seconds"),
        same_profile=here == there if here and there else None,
        profile=here,
        **again.surroundings(),
    )


@contextlib.contextmanager
def _question(bundle: Bundle, answer: Answer, folder: Path) -> Iterator[Question]:
    """The bundle's question, its code laid down in `folder` and run there: modules of one's own are found beside it."""
    from whether.bundle.again import code_of
    from whether.catalogue.find import find
    from whether.cli.options import ask
    from whether.store.publish import replace

    code = code_of(bundle)
    for name in code.files:
        replace(folder / "question" / name, bundle.read(f"question/{name}"), what=f"{name} of the bundle")
    before = Path.cwd()
    try:
        if code.files:
            os.chdir(folder / "question")
        words = [f"{name}={value}" for name, value in answer.options.items()]
        yield ask(find(code.word), words)
    finally:
        os.chdir(before)


def _write(made: Reproduced, folder: Path) -> None:
    from whether.store.publish import replace
    from whether.store.sealed import seal

    replace(folder / FILE, seal(made.plain()), what=f"the reproduction of {made.name}")


def _tell(made: Reproduced, folder: Path, wish: Wish) -> None:
    from whether.cli.page import faint, heading, near, say, say_json, strong, verdict
    from whether.cover.hand import SUFFIX
    from whether.report.numbers import clean, plural

    if wish.quiet:
        say_json(made.plain() | {"file": str(folder / FILE)})
        return
    word = {"yes": "agrees", "no": "does not agree", "cannot tell": "cannot tell"}[made.agrees]
    shown = verdict(made.agrees).replace(made.agrees, word)
    say(f"\n{shown}  {strong(clean(made.name))}\n")
    for line in _summary(made):
        say(f"  {line}")
    say(heading("Claims"))
    for claim in made.claims:
        say(_claim(claim))
    off = [run for run in made.numbers if not run.same]
    if off:
        say(heading(f"Runs with another number ({len(off)} of {plural(len(made.numbers), 'run')})"))
        say(_runs(off[:12]))
        if len(off) > 12:
            say(faint(f"  … {len(off) - 12} more in {FILE}"))
    say(f"\nReproduction  {near(folder / FILE)}")
    file = f"{clean(made.name)}{SUFFIX}"
    say(f"To have it on the cover sheet, the author puts this file beside {file} and writes there:")
    say(f'  reproductions = ["{FILE}"]')


def _summary(made: Reproduced) -> Iterator[str]:
    """What was made again, how much of it is equal, and where."""
    from whether.report.numbers import plural

    arms = f", {made.arms} of {made.of_arms} arms" if made.arms < made.of_arms else ""
    yield f"{made.replicates} of {plural(made.of, 'replicate')}{arms}: {plural(len(made.numbers), 'run')} made again"
    weights = [run.same_weights for run in made.numbers if run.same_weights is not None]
    trained = f"; so are the trained weights of {sum(weights)} of {plural(len(weights), 'run')}" if weights else ""
    yield f"{made.equal} of {plural(len(made.numbers), 'number is', 'numbers are')} equal to the bit{trained}"
    if made.same_bits and made.partial:
        yield f"so it agrees in {made.partial}; of claims that decide some were not made again"
    if made.same_profile is None:
        yield f"on {made.machine}; the bundle does not say on what the original was trained"
    elif made.same_profile:
        yield f"on {made.machine}, as the original"
        if not made.same_bits:
            yield "the same machine and libraries give the same bits: what differs was not computed as before"
        if made.mismeasured:
            yield f"{plural(made.mismeasured, 'run')} with the original's very weights measured otherwise than it says"
    else:
        yield f"on {made.machine}; the original on another machine or with other libraries, so other bits are expected"
    if made.verdict_now:
        same = "stays" if made.verdict_now == made.verdict else f"was {made.verdict}, and would be"
        yield f"with these runs in the place of their originals the verdict {same} {made.verdict_now}"


def _claim(claim: ClaimAgain) -> str:
    """A claim in two lines: what it says and whether it agrees; what came and what was expected."""
    from whether.bundle.reproduced import EQUAL
    from whether.cli.page import paragraph, verdict
    from whether.report import numbers

    shown = verdict(claim.agrees)
    beside = "" if claim.decides else " (beside)"
    head = paragraph(f"{claim.agrees}  {numbers.clean(claim.said)}{beside}", 2, hang=2).replace(claim.agrees, shown, 1)
    if claim.again is None or claim.paired is None:
        return f"{head}\n    {claim.why}"
    places = numbers.decimals_for(claim.low, claim.high) if claim.low is not None else numbers.decimals_for(claim.again)
    told = numbers.with_unit(numbers.number(claim.again, places), claim.unit)
    expected = numbers.limits(claim.low, claim.high, places)
    if claim.why == EQUAL:
        return f"{head}\n    {told} in these replicates, equal to the bit"
    was = numbers.number(claim.paired, places)
    return f"{head}\n" + paragraph(
        f"{told}; these replicates gave {was} before; expected {expected}, from all {claim.n}: {claim.why}", 4
    )


def _runs(runs: Sequence[RunAgain]) -> str:
    """Runs whose number is another: before, and now."""
    from whether.cli.page import columns, faint
    from whether.report.numbers import clean

    def told(value: float, outcome: str) -> str:
        return f"{value:.10g}" + ("" if outcome == "done" else f" ({outcome})")

    rows = [
        (clean(run.arm), str(run.replicate), told(run.value, run.outcome), told(run.value_again, run.outcome_again))
        for run in runs
    ]
    return columns([tuple(map(faint, ("arm", "replicate", "original", "again"))), *rows])
