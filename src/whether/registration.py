"""Registration: questions frozen together before their runs, in plain values that the ledger keeps.

    document   what decides, what was planned, what was checked, and a nonce      ─▶ its digest
    token      of somebody outside over that digest, where there is one           ─▶ its hash
    root seed  from the designs' digests, the nonce and the token: no run of the study is older than any of them

Amendments change what is asked and keep the seeds; deviations say what was done otherwise. Pure: nothing is read or
written here (`studies.py` does).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from whether.answer import Answer
from whether.claim import Claim, Control, Ladder
from whether.conclude import as_option
from whether.design import decides, design_digest, prose
from whether.digest import digest, plain
from whether.errors import RequestError, unknown
from whether.plan.plan import Asked
from whether.question import Question
from whether.reading import levels
from whether.seeds import Seed
from whether.store.ledger import Entry, adopted

ANALYSIS = 1
"""Version of the rule that leads from numbers to a verdict (`conclude`): raised when the same numbers give another."""

REGISTERED, AMENDED, DEVIATED = "registered", "amended", "deviated"
OUTCOMES = {
    "done": "its value",
    "diverged": "an outcome: the metric's worst value",
    "failed": "run again with the same seed; what always fails is bounded by the worst case",
    "overrun": "trained beyond the look that decided: shown, never analysed",
}
REASONS = {
    "unforeseen": "an unforeseen event",
    "mistake": "a mistake in the registration",
    "missing": "information that the registration lacks",
    "assumption": "a violated assumption of the analysis",
    "auxiliary": "a falsified auxiliary hypothesis, such as a manipulation that did not work",
}
"""Why a study deviates. Source: Lakens (2024), "When and how to deviate from a preregistration"."""

EFFECTS = ("lower", "unchanged", "higher", "unknown")
"""What a deviation does to how severely the claims are tested."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Questions that were registered together.

    Attributes:
        id: a short name that is unique in its lab: the registration's first eight digits.
        digest: of the document as it was registered.
        document: the same in plain values.
        questions: by name, as they are in force: amended where they were.
        witness: the outside token in plain values, None when there is none; `remarks` say what of it was not checked.
        runs: by question and arm, the first 16 digits of each replicate's measure: the registered histories.
        answers: by question, the digest under which its answer will stand.
        entry, time: of the ledger.
        amendments, deviations: in their order.
    """

    id: str
    digest: str
    document: Mapping[str, Any]
    questions: Mapping[str, Mapping[str, Any]]
    witness: Mapping[str, Any] | None
    remarks: Sequence[str]
    runs: Mapping[str, Mapping[str, Sequence[str]]]
    answers: Mapping[str, str]
    entry: int
    time: str
    amendments: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    deviations: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def root(self) -> Seed:
        """The root of all replicates' seeds, as it was registered."""
        return root_seed(self.document, self.witness)

    @property
    def grade(self) -> str:
        """Confirmatory where somebody outside saw the registration, and so before any run; otherwise registered."""
        return "confirmatory" if self.witness else "registered"

    def grade_of(self, name: str) -> str:
        """The grade of one question: what was amended nobody outside saw as it is now."""
        return "registered" if any(item["question"] == name for item in self.amendments) else self.grade

    def told(self, item: Question | Answer) -> dict[str, Any]:
        """What an answer says of its registration.

        Args:
            item: the question as it is asked now, or its answer; its words may be others than those registered.
        """
        name = item.name
        asked, witness = self.questions[name], self.witness or {}
        gates = {gate["name"]: gate for gate in asked["gates"]}
        then, now = prose(question_of(asked)), prose(item)
        return {
            "id": self.id,
            "title": self.document["title"],
            "registration": self.digest,
            "time": self.time,
            "entry": self.entry,
            "stamped_by": str(witness.get("by", "")),
            "stamped_at": str(witness.get("time", "")),
            "power": {key: asked["planned"][key] for key in ("yes", "no", "when_yes", "when_no", "enough")}
            | {"stated": asked["power"]},
            "underpowered": bool(gates["answerable either way"]["waived"]),
            "uncontrolled": bool(gates["controls"]["waived"]),
            "amendments": [
                {key: item[key] for key in ("time", "what", "because")}
                for item in self.amendments
                if item["question"] == name
            ],
            "deviations": [
                {key: item[key] for key in ("time", "what", "reason", "because", "effect")}
                for item in self.deviations
                if item["question"] == name
            ],
            "answerable": asked["answerable"],
            "sd": asked["planned"]["sd"],
            "remarks": list(self.remarks),
            "exposure": list(self.document["exposure"]),
            "reworded": [field for field in then if then[field] != now[field]],
        }


def freeze(
    asked: Asked, *, planned: Mapping[str, Any], answerable: Mapping[str, Any], gates: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A question as a registration has it.

    Args:
        asked: with seed 0: the study's seeds are not known before its document is.
        planned: the chances "yes" and "no" at the planned effects, how many replicates would be "enough" where those
            that are asked for are not, and "sd": where the spreads come from.
        answerable: chances by number of replicates: "n", "yes", "no".
        gates: each gate with its outcome.
    """
    question = asked.question
    data = next((fact for fact in asked.wanted if fact.data is not None), None)
    return {
        "name": question.name,
        "text": question.text,
        "category": question.category,
        "source": question.source or question.name,
        "options": {name: as_option(value) for name, value in question.options.items() if value is not None},
        "if_yes": question.if_yes,
        "if_no": question.if_no,
        "if_inconclusive": question.if_inconclusive,
        "claims": [_plain_claim(claim) for claim in question.claims],
        "secondary": [
            {"ladder": [_plain_claim(claim) for claim in item.claims]}
            if isinstance(item, Ladder)
            else _plain_claim(item)
            for item in question.secondary
        ],
        "controls": [
            {"claim": _plain_claim(item.claim), "expect": item.expect, "because": item.because}
            for item in question.controls
        ],
        "combine": question.combine,
        "hold_to": question.hold_to,
        "alpha": float(question.alpha),
        "pairing": question.pairing,
        "unit": "the replicate: one root seed each",
        "metric": question.metric,
        "axis": question.axis,
        "replicates": question.replicates,
        "looks": list(question.looked_at),
        "spending": question.spending,
        "levels": [[level.n, level.alone, level.among] for level in levels(question)],
        "power": float(question.power),
        "split": asked.split,
        "data": plain({"name": data.data_name.name, **data.data}) if data is not None and data.data else {},
        "outcomes": OUTCOMES,
        "planned": plain(planned),
        "answerable": plain(answerable),
        "gates": plain(list(gates)),
        "design": design_digest(asked),
        "likeness": likeness(asked),
    }


def likeness(asked: Asked) -> str:
    """What two designs share that differ in nothing but replicates, looks and levels: looking otherwise is refused."""
    rule = {key: value for key, value in decides(asked.question).items() if key not in ("alpha", "looks", "spending")}
    return digest(rule | {"first": [[arm.name, fact.digest] for arm, fact in asked.arms[0]]})


def document(
    questions: Sequence[Mapping[str, Any]],
    *,
    title: str,
    nonce: str,
    environment: Mapping[str, Any],
    exposure: Sequence[str],
    notes: str = "",
    budget: str = "",
) -> dict[str, Any]:
    """The registration of a study, in plain values.

    Args:
        questions: from `freeze`.
        title: of the study.
        nonce: 64 hexadecimal digits that nobody can have known before.
        environment: the versions that are installed.
        exposure: what had been seen before: pilots with their digests, earlier uses of the test split.
        notes: exploratory notes, in the author's words.
        budget: what it may cost, in the author's words.
    """
    names = [item["name"] for item in questions]
    if len(set(names)) < len(names):
        raise RequestError(f"a study's questions need different names, got {', '.join(names)}; register them apart.")
    return {
        "type": "registration",
        "version": 1,
        "analysis": ANALYSIS,
        "title": title,
        "questions": list(questions),
        "nonce": nonce,
        "environment": plain(environment),
        "exposure": list(exposure),
        "notes": notes,
        "budget": budget,
    }


def root_seed(registered: Mapping[str, Any], witness: Mapping[str, Any] | None) -> Seed:
    """The root of a study's seeds: H(designs ‖ nonce ‖ token); replicate i has the one of ("replicate", i)."""
    said = {
        "type": "study seeds",
        "version": 1,
        "designs": [item["design"] for item in registered["questions"]],
        "nonce": registered["nonce"],
        "token": witness["sha256"] if witness else "",
    }
    return Seed(int(digest(said)[:16], 16))


def registration_digest(registered: Mapping[str, Any]) -> str:
    """What somebody outside puts a time to."""
    return digest(registered)


def runs_of(asked: Asked) -> dict[str, list[str]]:
    """The registered histories of a question with its study's seeds: for each arm each replicate's measure."""
    return {rows[0][0].name: [fact.digest[:16] for _, fact in rows] for rows in asked.columns}


def question_of(registered: Mapping[str, Any]) -> Question:
    """A registered question with all that decides; its arms lead nowhere, as it is only concluded with."""
    return Question(
        lambda _rep: {},
        claims=[Claim(**item) for item in registered["claims"]],
        if_yes=registered["if_yes"],
        if_no=registered["if_no"],
        if_inconclusive=registered["if_inconclusive"],
        combine=registered["combine"],
        hold_to=registered["hold_to"],
        secondary=[
            Ladder(tuple(Claim(**claim) for claim in item["ladder"])) if "ladder" in item else Claim(**item)
            for item in registered["secondary"]
        ],
        controls=[
            Control(Claim(**item["claim"]), expect=item["expect"], because=item["because"])
            for item in registered["controls"]
        ],
        replicates=registered["replicates"],
        alpha=registered["alpha"],
        looks=tuple(registered["looks"]),
        spending=registered["spending"],
        power=registered["power"],
        pairing=registered["pairing"],
        metric=registered["metric"],
        axis=registered["axis"],
        name=registered["name"],
        text=registered["text"],
        category=registered["category"],
        source=registered["source"],
    )


def command(registered: Mapping[str, Any]) -> str:
    """The command that runs a registered question, with every option that it was registered with."""
    options = [shlex.quote(f"{name}={value}") for name, value in sorted(registered["options"].items())]
    return " ".join(["whether run", shlex.quote(registered["source"]), *options])


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """In which fields two registered forms of a question differ, what follows from others left out."""
    derived = ("design", "likeness", "levels", "gates", "answerable", "planned")
    found: list[str] = []
    for name in [*before, *(name for name in after if name not in before)]:
        one, other = before.get(name), after.get(name)
        if one == other or (not path and name in derived):
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            found += differences(one, other, f"{path}{name} › ")
        else:
            found.append(f"{path}{name}: {_short(one)} → {_short(other)}")
    return found


def read_studies(entries: Iterable[Entry]) -> list[Study]:
    """The studies that a ledger knows, in order, with amendments and deviations; those of merged labs included."""
    found: dict[str, Study] = {}
    for entry in entries:
        said = adopted(entry) or entry
        match said.kind:
            case "registered":
                made = _read(said, entry.number)
                found.setdefault(made.digest, made)
            case "amended" if said.body["study"] in found:
                study, name = found[said.body["study"]], said.body["question"]
                found[study.digest] = replace(
                    study,
                    questions={**study.questions, name: said.body["now"]},
                    runs={**study.runs, name: said.body["runs"]},
                    answers={**study.answers, name: said.body["answer"]},
                    amendments=(*study.amendments, {**said.body, "time": said.time}),
                )
            case "deviated" if said.body["study"] in found:
                study = found[said.body["study"]]
                found[study.digest] = replace(study, deviations=(*study.deviations, {**said.body, "time": said.time}))
    return list(found.values())


def _read(said: Entry, number: int) -> Study:
    body = said.body
    return Study(
        id=body["digest"][:8],
        digest=body["digest"],
        document=body["document"],
        questions={item["name"]: item for item in body["document"]["questions"]},
        witness=body["witness"],
        remarks=body["remarks"],
        runs=body["runs"],
        answers=body["answers"],
        entry=number,
        time=said.time,
    )


def deviation(study: Study, name: str, *, what: str, reason: str, because: str, effect: str) -> dict[str, Any]:
    """What the ledger says of a deviation.

    Args:
        study: which.
        name: its question.
        what: was done otherwise than registered.
        reason: one of REASONS.
        because: in the author's words.
        effect: on how severely the claims are tested, one of EFFECTS.

    Raises:
        RequestError: with all that is wrong.
    """
    wrong = [
        RequestError(f"--{key} says nothing; {hint}.")
        for key, value, hint in (
            ("what", what, "say what was done otherwise than registered"),
            ("because", because, "say why, in a sentence"),
        )
        if not value.strip()
    ]
    if reason not in REASONS:
        listed = "; ".join(f"{key}: {text}" for key, text in REASONS.items())
        wrong.append(unknown("kind of reason", reason, REASONS, f"They mean: {listed}."))
    if effect not in EFFECTS:
        wrong.append(unknown("effect on severity", effect, EFFECTS))
    if wrong:
        raise RequestError.join(wrong)
    return {
        "study": study.digest,
        "question": name,
        "what": what.strip(),
        "reason": REASONS[reason],
        "because": because.strip(),
        "effect": effect,
    }


def _plain_claim(claim: Claim) -> dict[str, Any]:
    return {key: value + 0.0 if isinstance(value, float) else value for key, value in asdict(claim).items()}


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
