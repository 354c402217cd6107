"""The verb that packs an answer with all it rests on: `bundle`. What checks one is `verify BUNDLE` (`keeping.py`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from whether.cli.verbs import AsJson, LabPath, OpenTest, RootSeed, Words, open_lab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whether.answer import Answer
    from whether.bundle.check import Checked
    from whether.bundle.contents import Gathered, Written
    from whether.cover.hand import Hand
    from whether.cover.sheet import Sheet
    from whether.lab import Lab

PANEL = "Tell"
WHAT = (
    "What goes in: the answer with its report, the whole ledger, the records that it rests on, the cover sheet, the "
    "question's own code, all runs as tables. Names of machines and folders are withheld. The exit code is 3 when the "
    "answer does not follow from its evidence: then nothing is written."
)


def add_to(app: typer.Typer) -> None:
    """Make this verb part of the command line."""
    app.command("bundle", rich_help_panel=PANEL, epilog=WHAT)(bundle)


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What stands in cover/, what its author says of the whole, and what could not be included."""

    files: dict[str, bytes]
    authors: tuple[str, ...] = ()
    licence: str = ""
    title: str = ""
    remarks: tuple[str, ...] = ()


def bundle(
    ctx: typer.Context,
    words: Words = None,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE.zip", show_default=False, help="Where to; otherwise ./NAME-DIGEST.zip."),
    ] = None,
    states: Annotated[bool, typer.Option("--states", help="Take trained networks along.")] = False,
    open_test: OpenTest = False,
    seed: RootSeed = 0,
    lab: LabPath = None,
    as_json: AsJson = False,
) -> None:
    """An answer with all that it rests on, as one file to publish.

    NAME alone means its newest answer, with options the answer to exactly that, nothing or @last the last one run.
    Anybody can check the file: whether verify FILE.zip
    """
    from whether.bundle import contents, crate
    from whether.cli import asked
    from whether.cli.live import counting
    from whether.cli.page import complain
    from whether.store.packed import written

    place = open_lab(ctx, lab, create=False)
    answer = asked.answer(place, words, open_test=open_test, seed=seed)
    path = _target(to, answer)
    crate.see_installed()
    _see_whole(place, answer)
    with counting("records read") as progress:
        same = _same_design(place, answer)
        gathered = contents.gather(place.store, answer, states=states, same_design=same, progress=progress)
    cover = _cover(place, answer, list(words or []))
    remarks = [*_remarks(gathered), *cover.remarks]
    for line in [*gathered.disclosed, *remarks]:  # before anything is written
        complain(f"note: {line}")
    told = crate.Told(authors=cover.authors, licence=cover.licence, title=cover.title)
    with counting("files written") as progress, written(path, what="the bundle") as file:
        made = contents.write(gathered, file, cover=cover.files, told=told, progress=progress)
    _tell(path, gathered, made, remarks, as_json=as_json)


def _target(to: Path | None, answer: Answer) -> Path:
    """Where the bundle shall stand: nothing but a bundle is ever replaced."""
    import zipfile

    from whether.bundle import places
    from whether.errors import RequestError

    usual = f"{answer.name}-{answer.digest[:8]}.zip"
    path = (Path(usual) if to is None else to).expanduser()
    if path.suffix != ".zip" or path.is_dir():
        near = usual if path.stem.startswith(".") or not path.stem else f"{path.stem}.zip"
        raise RequestError(f"--to {path}: expected the name of a file that ends in .zip, such as {near}")
    if (above := next(one for one in path.absolute().parents if one.exists())) and not above.is_dir():
        raise RequestError(f"--to {path}: {above} is a file, and no folder can be made in it.")
    if path.exists():
        names: list[str] = []
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        if places.MANIFEST not in names:
            raise RequestError(f"{path} exists and is no bundle, so it is left as it is; name another: --to FILE.zip")
    return path


def _see_whole(place: Lab, answer: Answer) -> None:
    """Refuse an answer that does not follow from its evidence."""
    from whether.audit import audit_answer
    from whether.errors import DamageError
    from whether.store.verify import verify_answer

    folder = place.store.answers.open(answer.name, answer.digest)
    where = f"answers/{folder.name}/answer.json"
    rested = verify_answer(place.store, folder, [run.measure for run in (*answer.table, *answer.overrun)])
    wrong = [f"{finding.place}: {finding.what}" for finding in rested.findings]
    wrong += [what for said in audit_answer(place.store, where, answer).values() for what in said]
    if wrong:
        told = "\n".join(f"  {line}" for line in wrong[:10])
        more = f"\n  and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise DamageError(
            f"{answer.name} is not bundled, as it does not follow from its evidence:\n{told}{more}\n"
            "`whether verify` checks the whole lab; running the question again mends what can be mended."
        )


def _same_design(place: Lab, answer: Answer) -> bool | None:
    """Whether the question, as its code is now, is the one that was answered; None where that cannot be tried."""
    from whether.catalogue.find import find
    from whether.cli.options import ask
    from whether.design import design_digest
    from whether.errors import WhetherError

    try:
        question = ask(find(answer.source), [f"{name}={value}" for name, value in answer.options.items()])
        given: dict[str, Any] = {"open_test": answer.split == "test", "seed": answer.seed}
        asked = place.ask(question, **given, exploratory=not answer.study)
        return design_digest(asked) == answer.digest
    except WhetherError:
        return None


def _remarks(gathered: Gathered) -> list[str]:
    """What a reader of the bundle will miss."""
    from whether.report.numbers import plural

    found = list(gathered.source.missing)
    if gathered.same_design is False:
        found.append("the question's code was changed since it was answered: as it is now it asks something else")
    if lost := gathered.missing_states:
        found.append(f"{plural(lost, 'trained state')} that were dropped since are not in it")
    return found


def _cover(place: Lab, answer: Answer, given: list[str]) -> Cover:
    """The cover sheet in all its forms, with what its author says and the reproductions that it names."""
    from whether.bundle import check_follows, places
    from whether.cli.sheets import found_words, rendered
    from whether.cover.hand import write
    from whether.cover.keeping import keep
    from whether.cover.sheet import Sheet
    from whether.store.packed import wrong_name

    folder = place.store.answers.open(answer.name, answer.digest)
    words = found_words(folder, answer, given)
    hand, called = words.hand, words.hand.name
    inside = [path for path in hand.reproductions if not wrong_name(path)]
    made = keep(replace(hand, reproductions=inside), folder.name)
    there = dict(made.files)
    kept: Hand = replace(made.hand, reproductions=[path for path in made.hand.reproductions if path in there])
    remarks = [words.remark] if words.remark else []
    remarks += [
        f"{path}, which {called} names, is not included: it is not there, or not in the folder of {called}"
        for path in hand.reproductions
        if path not in inside or path in made.lacking
    ]
    name = check_follows.HAND_FILE.removeprefix(places.COVER)
    sheet = _sheet(place, answer, kept, there)
    _see_verified(answer, sheet, called)
    files, remark = rendered(Sheet.from_json(sheet.to_json()))  # pages show what cover.json says, in its order
    said = {field: words.text for field, words in kept.said.items()}
    return Cover(
        files={**files, **there, **({name: write(kept).encode()} if kept.said or there else {})},
        authors=tuple(line for line in said.get("authors", "").split("\n") if line.strip()),
        licence=said.get("licence", ""),
        title=said.get("title", ""),
        remarks=(*remarks, *([remark] if remark else [])),
    )


def _sheet(place: Lab, answer: Answer, hand: Hand, beside: Mapping[str, bytes]) -> Sheet:
    """The sheet as it is filled in the bundle, where reproductions stand beside their author's words."""
    import tempfile

    from whether.store.publish import replace as put

    with tempfile.TemporaryDirectory(prefix="whether-") as made:
        for name, raw in beside.items():
            put(Path(made) / name, raw, what=name, lasting=False)
        return place.cover(answer, replace(hand, folder=Path(made)))


def _see_verified(answer: Answer, sheet: Sheet, called: str) -> None:
    """Refuse a sheet that says of itself that it cannot be verified."""
    from whether.bundle.check_follows import unverified
    from whether.errors import DamageError

    if problems := unverified(sheet):
        told = "\n".join(f"  {line}" for line in problems[:10])
        raise DamageError(
            f"{answer.name} is not bundled, as its cover sheet cannot be verified:\n{told}\n"
            f"Mend it, or take what is named out of {called}; `whether cover {answer.name}` shows the sheet."
        )


def _tell(path: Path, gathered: Gathered, made: Written, remarks: list[str], *, as_json: bool) -> None:
    from whether.cli.page import columns, near, say, say_json, size, strong
    from whether.report.numbers import plural

    answer, taken = gathered.answer, path.stat().st_size
    if as_json:
        told = {"bundle": str(path), "sha256": made.digest, "files": made.files, "bytes": taken, "answer": answer.name}
        told |= {"verdict": answer.verdict, "records": len(gathered.records), "withheld": made.withheld}
        notes = {"states": gathered.states, "disclosed": gathered.disclosed, "remarks": remarks}
        say_json(told | notes | {"same_design": gathered.same_design})
        return
    runs = plural(len(answer.table) + len(answer.overrun), "run")
    kept = "with trained networks" if gathered.states else "without trained networks"
    say(f"{strong(near(path))}  {plural(made.files, 'file')}, {size(taken)}\n")
    rows = [
        ("answer", f"{answer.name}: {answer.verdict}, {answer.grade}"),
        ("rests on", f"{runs}, {plural(len(gathered.records), 'record')}, {kept}"),
        ("sha256", made.digest),
    ]
    say(columns(rows))
    say("\nCite the digest beside the file: it names every byte in it.")
    say(f"To check it, anywhere: whether verify {near(path)}")


def show_checked(path: Path, checked: Checked, *, as_json: bool) -> None:
    """Tell what `verify BUNDLE` saw."""
    from dataclasses import asdict

    from whether.cli.page import near, paragraph, say, say_json
    from whether.report.numbers import clean, plural

    answer = checked.answer
    if as_json:
        told: dict[str, Any] = {"bundle": str(path), "sha256": checked.digest, "files": checked.files}
        told |= {"answer": answer.name if answer else None, "verdict": answer.verdict if answer else None}
        findings = [{k: v for k, v in asdict(item).items() if k != "digest"} for item in checked.findings]
        say_json(told | {"states": checked.states, "words_compared": checked.exact, "findings": findings})
        return
    if checked.findings or answer is None:
        say(f"{near(path)}: {plural(len(checked.findings), 'finding')}\n")
        for finding in checked.findings:
            say(f"  {clean(finding.place)[:200]}")
            say(paragraph(clean(finding.what)[:1000], 4))
        say("\nDo not rely on this bundle; ask for it again.")
        return
    say(f"{near(path)}: all is well\n")
    for line in _passed(checked, answer):
        say(paragraph(line, 2, hang=2))
    say(f"\nsha256 {checked.digest}")
    say("This names the bundle: compare it with the one that is cited.")
    say(f"Made-up numbers can be sealed, too; whether its runs give them tells: whether reproduce {near(path)}")


def _passed(checked: Checked, answer: Answer) -> list[str]:
    """What was checked, in a few lines."""
    from whether.report.numbers import plural

    runs = [*answer.table, *answer.overrun]
    ended = ", ".join(
        f"{count} {word}"
        for word, count in (("diverged", answer.diverged), ("failed", answer.failed), ("overrun", len(answer.overrun)))
        if count
    )
    registered = str(answer.study.get("registration", ""))[:8]
    words = "" if checked.exact else "; their words were not compared, as another Whether wrote them"
    of_study = f"registration {registered} with its seeds and looks" if registered else "no registration: exploratory"
    return [
        f"- {plural(checked.files, 'file')}: each is there and has its digest, and none is more",
        f"- the ledger: a chain of {plural(checked.entries, 'entry', 'entries')}; {of_study}",
        f"- {plural(len(runs), 'run')}, each with its record and an action in the crate{'; ' + ended if ended else ''}",
        f"- concluded anew from them: {answer.verdict}, as {answer.name} says",
        f"- tables, cover sheet and environment follow from the answer{words}",
        f"- trained networks are {'in it, with the bits that the records name' if checked.states else 'left out'}",
        "- guarded by the digest alone: the report with its figures, the PDF, the question's code",
    ]
