"""Making a part of an answer again: which of its runs, whether their histories are those of the answer, and training.

    bundle ─▶ the question asked anew with its options and seed ─▶ its claims, its rule, what its numbers mean and the
           histories of its runs are the answer's, or it is told why not
           ─▶ trained in a lab of its own ─▶ runs beside their originals (`reproduced.py`)

Nothing of the original's numbers is used on the way.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whether.answer import DONE, FAILED, Answer, Run
from whether.bundle.places import QUESTION, QUESTION_FILE
from whether.catalogue.find import names as catalogue
from whether.concluded import question_of, rule_of
from whether.design import decides
from whether.errors import DamageError, RequestError, unknown
from whether.evidence import resolution_of
from whether.history.difference import Difference, differences
from whether.plan.plan import Asked, ask
from whether.seeds import Seed
from whether.store.answers import ANSWER_FILE

if TYPE_CHECKING:
    from whether.bundle.archive import Bundle
    from whether.campaign import Campaign
    from whether.history.facts import MeasureFact
    from whether.question import Arm, Question
    from whether.store.folder import Store

REPRODUCING = "reproducing"
"""The kind of the ledger's entry that marks a lab as one of a reproduction."""
MOST_SHOWN = 6
TAKEN = (
    *("whether", "torch", "numpy", "scipy", "pandas", "pyarrow", "PIL", "safetensors", "huggingface_hub", "fsspec"),
    *("typer", "rich", "matplotlib", "jinja2", "pydantic", "ray"),
)
"""Modules that Whether itself imports: code of a bundle may not stand in their place."""


@dataclass(frozen=True, eq=False)
class Part:
    """One run to make again.

    Attributes:
        run: the original.
        arm, fact: what the question asks for it now; the fact's digest is the run's measure.
        index: of the replicate; `seed` is its seed.
    """

    run: Run
    arm: Arm
    fact: MeasureFact
    seed: Seed


@dataclass(frozen=True)
class Code:
    """What training a bundle's answer again would run.

    Attributes:
        word: what `catalogue.find` takes: a name of the catalogue, or the file beside which the others are laid down.
        files: of the bundle's question/, their SHA-256 by name; none for a question of the catalogue.
    """

    word: str
    files: Mapping[str, str]


def code_of(bundle: Bundle) -> Code:
    """What would be run.

    Raises:
        RequestError: the bundle has no code to ask its question with, or code under names that others have.
        DamageError: the bundle does not say.
    """
    told = bundle.question()
    word, name = str(told["source"]), told["name"]
    names = [name.removeprefix(QUESTION) for name in bundle.files() if name.startswith(QUESTION)]
    code = [name for name in names if f"{QUESTION}{name}" != QUESTION_FILE]
    if told["kind"] == "unknown":
        raise RequestError(
            f"{name} was asked in Python, not of a file, and its code is not in the bundle; nothing of it can "
            "be made again. Its author can put the question into a file, run that, and bundle its answer."
        )
    if told["kind"] == "file" and (file := word.partition(":")[0]) not in code:
        raise RequestError(
            f"{file}, of which {name} was asked, is not in the bundle; nothing of it can be made again. Its author can "
            f"bundle it once more where {file} is."
        )
    if told["kind"] == "catalogue" and word not in catalogue():
        raise RequestError(
            f"the catalogue of this Whether has no question {word!r}. The answer was made with whether "
            f"{told.get('whether')}; install that version."
        )
    tops = {name.partition("/")[0].removesuffix(".py") for name in code}
    if taken := sorted(tops & {*TAKEN, *sys.stdlib_module_names}):
        raise RequestError(
            f"the bundle has code under names that Python or Whether needs ({', '.join(taken)}), which would be "
            "imported in their place. Nothing of it is run; its author can give these files other names."
        )
    return Code(word, {name: bundle.sha256(f"{QUESTION}{name}") for name in code})


def answer_bytes(bundle: Bundle) -> bytes:
    """The bytes of the bundle's answer.json."""
    (folder,) = bundle.store.answers.listing()
    return folder.read(ANSWER_FILE) or b""


def surroundings() -> dict[str, Any]:
    """With what this machine works, as a reproduction says it: "machine", "versions"."""
    from importlib.metadata import version

    from whether import __version__

    return {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "versions": {"whether": __version__} | {name: version(name) for name in ("torch", "numpy", "scipy")},
    }


def check(answer: Answer, replicates: int, arms: Sequence[str] = ()) -> None:
    """See that a part of an answer can be asked for, before any of its code runs.

    Raises:
        RequestError: with all that is wrong.
    """
    wrong: list[RequestError] = []
    most = max((run.replicate + 1 for run in answer.table), default=0)
    if replicates < 1 or replicates > most:
        wrong.append(
            RequestError(
                f"--replicates is {replicates}; expected 1 to {most}, as many as {answer.name} was answered of."
            )
        )
    known = list(dict.fromkeys(run.arm for run in answer.table))
    wrong += [unknown(f"arm of {answer.name}", name, known) for name in arms if name not in known]
    if wrong:
        raise RequestError.join(wrong)


def parts(
    answer: Answer, question: Question, original: Store, *, replicates: int, arms: Sequence[str] = ()
) -> list[Part]:
    """The runs to make again, replicate by replicate, asked of the question with the answer's seed.

    Args:
        answer: the original.
        question: what the bundle's code asks, with the answer's options.
        original: the bundle's lab, whose records say how the original's runs came to be.
        replicates: the first so many.
        arms: only these; none for all.

    Raises:
        RequestError: when it asks something else, or a history is not that of the answer; says in what it differs.
    """
    check(answer, replicates, arms)
    few = replace(question, replicates=replicates, looks=())
    asked = ask(few, seed=Seed(answer.seed), open_test=answer.split == "test")
    if otherwise := [*_rule(answer, question), *_meanings(answer, asked)]:
        raise RequestError(
            f"the bundle's code asks otherwise than {answer.name} was answered, so this would be no reproduction. "
            f"Nothing was trained. What differs: {'; '.join(otherwise)}."
        )
    found, other = [], []
    now = {(arm.name, index): (arm, fact) for index, row in enumerate(asked.arms) for arm, fact in row}
    for run in answer.table:
        if run.replicate >= replicates or (arms and run.arm not in arms):
            continue
        arm, fact = now.get((run.arm, run.replicate), (None, None))
        if arm is None or fact is None or fact.digest != run.measure:
            other.append((run, fact))
        else:
            found.append(Part(run, arm, fact, asked.seeds[run.replicate]))
    if other:
        raise RequestError(_no_reproduction(answer, other, original))
    return found


def train(campaign: Campaign, answer: Answer, parts: Sequence[Part]) -> list[Run]:
    """Train and measure parts, and give their runs; what a killed command had reached stands and is gone on from.

    Args:
        campaign: in a lab of its own, as `mark` has made it one; it tells its listener of progress.
        answer: the original.
        parts: from `parts`.

    Raises:
        WorkError: when training fails or the disk refuses; what was done stays.
    """
    from whether.evidence import run_of
    from whether.execute.progress import Planned
    from whether.looking import count_opening
    from whether.plan.plan import plan_measures

    wanted = [part.fact for part in parts]
    count_opening(campaign.store, answer.name, answer.digest, wanted)
    campaign.tell(Planned(plan_measures(wanted, campaign.stock())))
    records = campaign.measure(wanted)
    return [
        run_of(part.arm, part.fact, record, part.run.replicate, part.seed)
        for part, record in zip(parts, records, strict=True)
    ]


def mark(store: Store, digest: str, name: str) -> None:
    """Make a lab that of a reproduction, unless it is one already.

    Args:
        store: of the lab.
        digest: of the original's answer.json.
        name: of its question.

    Raises:
        RequestError: when it has records of other work: what stands there would be taken for made again.
    """
    if not see_new(store, digest):
        store.ledger.append(REPRODUCING, {"answer": digest, "name": name})


def see_new(store: Store, digest: str) -> bool:
    """See that a lab has nothing but a reproduction of an answer; whether it is marked as that already.

    Args, errors: as of `mark`.
    """
    said = [body["answer"] for body in store.ledger.said(REPRODUCING)]
    if digest in said:
        return True
    if said or store.records.listing():
        what = "is that of another reproduction" if said else "has records already"
        raise RequestError(
            f"the lab {store.root} {what}, and what stands there would be taken for made again; expected a new folder: "
            "leave --lab out, or name one that is not there yet."
        )
    return False


def same_weights(parts: Sequence[Part], original: Store, again: Store) -> dict[str, bool]:
    """By a measure's digest, whether the networks that it was taken of have the original's weights, where both say."""
    from whether.plan.demand import nearest_points

    found: dict[str, bool] = {}
    for part in parts:
        pairs = [
            tuple(_hash(store, point.digest) for store in (original, again)) for point in nearest_points(part.fact)
        ]
        if pairs and all(one and other for one, other in pairs):
            found[part.run.measure] = all(one == other for one, other in pairs)
    return found


def profiles(parts: Sequence[Part], store: Store) -> list[str]:
    """The profiles of machine and libraries under which the networks behind parts were trained, sorted."""
    from whether.plan.demand import nearest_points

    points = {point.digest for part in parts for point in nearest_points(part.fact)}
    return sorted({str(found) for name in points if (found := _record(store, name).get("profile"))})


def failures_expected(parts: Sequence[Part]) -> bool:
    """Whether an original always failed, so that failing again is part of making it again."""
    return any(part.run.outcome == FAILED for part in parts)


def _rule(answer: Answer, question: Question) -> list[str]:
    """In what a question's claims and rule differ from those that were answered."""
    then = question_of(answer)
    if rule_of(then) == rule_of(question):
        return []
    one, other = (decides(replace(item, secondary=())) | {"replicates": item.replicates} for item in (then, question))
    return [name for name in {**one, **other} if one.get(name) != other.get(name)] or [
        "what it shows beside its claims"
    ]


def _meanings(answer: Answer, asked: Asked) -> list[str]:
    """Arms whose numbers mean something else: of a measure of one's own nothing but the code says what they mean."""
    now = {
        arm.name: {name: getattr(arm.measure.kind, name) for name in ("unit", "better", "share", "worst")}
        | {"resolution": resolution_of(fact)}
        for arm, fact in asked.arms[0]
    }
    wrong = {
        arm.arm: [name for name, value in now.get(arm.arm, {}).items() if getattr(arm, name) != value]
        for arm in answer.arms
    }
    return [f"the numbers of {arm} ({', '.join(names)})" for arm, names in wrong.items() if names]


def _no_reproduction(answer: Answer, other: Sequence[tuple[Run, MeasureFact | None]], original: Store) -> str:
    """That what would be trained is something else, and in what it differs."""
    from whether import __version__

    said: dict[str, None] = {}
    for run, fact in other:
        said |= dict.fromkeys(_differences(run, fact, original))
    shown = [f"  {line}" for line in list(said)[:MOST_SHOWN]]
    shown += [f"  … and {len(said) - MOST_SHOWN} more"] if len(said) > MOST_SHOWN else []
    then = dict(answer.circumstances.get("versions", {})).get("whether", "another version")
    runs = f"{len(other)} of the runs of {answer.name}"
    return "\n".join(
        [
            f"{runs} would have other histories than in the answer, so this would be no reproduction. "
            "Nothing was trained. What differs, in the answer | now:",
            *shown,
            f"The answer was made with whether {then}; this is {__version__}. Use the bundle's own code, data of the "
            "same content, and the same version of packages that code imports; leave out arms that cannot be had with "
            "--arms.",
        ]
    )


def _differences(run: Run, fact: MeasureFact | None, original: Store) -> Iterator[str]:
    from whether.inquiry import fact_of

    if fact is None:
        yield f"the arm {run.arm!r} of replicate {run.replicate} is not asked for"
        return
    try:
        before = fact_of(original, run.measure)
    except (RequestError, DamageError):
        yield f"{run.arm}, replicate {run.replicate}: its digest (the bundle does not say how it came to be)"
        return
    told: Sequence[Difference] = differences(before, fact)
    yield from map(str, told)
    if not told:
        yield f"{run.arm}, replicate {run.replicate}: the version of an operation, so its digest"


def _hash(store: Store, name: str) -> str:
    return str(_record(store, name).get("state", {}).get("sha256", ""))


def _record(store: Store, name: str) -> Mapping[str, Any]:
    try:
        record = store.records.read(name) if store.records.has(name) else {}
    except DamageError:
        record = {}
    return record if record.get("outcome", DONE) == DONE else {}
