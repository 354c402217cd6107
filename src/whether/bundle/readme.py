"""The README of a bundle: what it is, and how to check it with and without Whether."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whether.bundle import places

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.bundle.source import Source

TEXT = """# Evidence for an answer

    {text}
    {verdict}: {meaning}

{runs} runs, {ended}; {grade}. This folder holds all that the answer rests on, so that it can be checked
without the lab in which it was made.

## To check it

With {whether}, which is installed from a checkout of that version (nothing is trained, and no code of this
bundle runs; THIS.zip stands for this file, whatever you call it, or for its unpacked folder):

    pip install .
    whether verify THIS.zip

It looks at every digest, the chain of the ledger, the registration, the seeds, that no run is missing, each number
against its record and each record against the digest of what was done, and concludes the verdict anew from the runs.
Then it prints the bundle's digest: the SHA-256 of {places.MANIFEST}. Compare that with the one in the paper:
whoever has changed a file and the manifest with it has another digest. {places.ABOUT} has under "code" a digest
of the files of the very Whether that wrote this.

That shows that the answer follows from what stands here, and not that the runs were made as it says: seals are no
signatures, and made-up numbers can be sealed, too. To see whether the runs give these numbers, train a part of them
again (this runs the code in {places.QUESTION}, so look at it first):

    whether reproduce THIS.zip --replicates 2 --trust

Without Whether, that no byte was changed since the manifest was written:

    sha256sum -c {places.MANIFEST}
    sha256sum {places.MANIFEST}

To ask it again in a lab of your own, within {places.QUESTION}:

    {command}

## What is in it

- {places.LAB} a small lab: the whole ledger, and of records those that the answer rests on. What the ledger says of
  other questions of the same lab is in it, too, as its chain can be checked no other way.
- {places.COVER} the cover sheet, if there is one: what is claimed, and how far to trust it
- {places.QUESTION} the question: name, options, seed, and its own code
- {places.RUNS_CSV}, {places.RUNS_PARQUET}: every run a row; {places.CROISSANT} says what the columns mean
- {places.CRATE}: the same for machines (RO-Crate 1.3, Process Run Crate 0.5), an action for each run
- {places.ENVIRONMENT}: what was installed

{left}
Names of machines and folders are withheld from records: such a record says so under "withheld", and under "sealed_as"
which seal it has at home, which nobody can check without that lab.
"""
IN, OUT = (
    "Trained networks are in it (lab/states/).",
    "Trained networks are left out; every one is named by its hash, and can be trained again.",
)


def readme(answer: Answer, source: Source, *, states: bool) -> str:
    """README.md.

    Args:
        answer: that the bundle is of.
        source: of its question.
        states: whether trained states are in it.
    """
    from whether.bundle.source import command

    ended = [f"{count} {word}" for count, word in ((answer.diverged, "diverged"), (answer.failed, "failed")) if count]
    version = str(answer.circumstances.get("versions", {}).get("whether", ""))
    told = TEXT.format(
        text=_plain(answer.text),
        verdict=_plain(answer.verdict),
        meaning=_plain(answer.meaning),
        grade=_plain(answer.grade),
        runs=len(answer.table),
        ended=", ".join(ended) or "all of them done",
        whether=_plain(f"Whether {version}"),
        command=_plain(command(answer, source)),
        left=IN if states else OUT,
        places=places,
    )
    missing = "".join(f"- {_plain(line)}\n" for line in source.missing)
    return f"{told}\n## What is missing\n\n{missing}" if missing else told


def _plain(text: str) -> str:
    """A text of somebody's on one line, which cannot end the block that it stands in."""
    from whether.report.numbers import clean

    return clean(text).replace("`", "'")
