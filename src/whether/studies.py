"""The studies of a lab: registering, amending and deviating, and under which registration a question is asked.

A question is asked as registered when its design is that of a study in this lab: then its seeds are the study's, its
split is the registered one, and its answer has the study's grade. Everything else is exploratory.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import distributions
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from whether import registration
from whether.answered import Answered
from whether.design import design_digest
from whether.errors import RequestError, unknown
from whether.plan.plan import Asked, ask
from whether.question import Question
from whether.registration import Study
from whether.seeds import Seed
from whether.store.folder import Store

if TYPE_CHECKING:
    from whether.stamp import Witness

NO_SEED = Seed(0)
Stamp = Callable[[bytes], "tuple[Witness, Sequence[str]]"]
"""Asks somebody outside about a digest: the witness, and what of it could not be checked, in sentences."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A question made ready to be registered.

    Attributes:
        asked: with seed 0, as no seeds of its study are known yet.
        frozen: as the registration has it (`registration.freeze`).
    """

    asked: Asked
    frozen: Mapping[str, Any]

    @property
    def refused(self) -> list[str]:
        """What the gates that it does not pass say."""
        return [
            f"{gate['name']}: {gate['message']}"
            for gate in self.frozen["gates"]
            if not gate["passed"] and not gate["waived"]
        ]


class Studies:
    """The studies of one lab.

    Args:
        store: the lab's.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def listing(self) -> list[Study]:
        """All of them, the newest last.

        Raises:
            DamageError: the ledger is damaged.
        """
        return registration.read_studies(self.store.ledger.entries())

    def ask(
        self, question: Question, *, seed: Seed = NO_SEED, open_test: bool = False, exploratory: bool = False
    ) -> Asked:
        """Resolve a question: with its study's seeds and split when its design is registered here.

        Args:
            question: with its options.
            seed, open_test: of an exploratory question. Another seed than 0 makes it one, and so does a test split that
                was not registered.
            exploratory: ask it so although it is registered.

        Raises:
            RequestError: when it differs from a registered question in nothing but how often it is looked at, or the
                seed is that of a study which is not answered.
        """
        self._check_seed(seed)
        plain = ask(question, seed=seed, open_test=open_test)
        if exploratory or seed != NO_SEED:
            return plain
        alike: Study | None = None
        for study in reversed([study for study in self.listing() if question.name in study.questions]):
            registered, here = study.questions[question.name], plain
            if registered["split"] == "test" and not open_test:
                here = ask(question, seed=NO_SEED, open_test=True)
            if design_digest(here) == registered["design"]:
                return self._registered(study, question)
            if registration.likeness(here) == registered["likeness"]:
                alike = alike or study
        if alike is not None:
            raise RequestError(_other_look(question, alike))
        return plain

    def _check_seed(self, seed: Seed) -> None:
        """Refuse the seeds of a study for anything else while it is open: its runs are looked at as registered only."""
        answered = Answered(self.store)
        for study in [study for study in self.listing() if study.root == seed] if seed != NO_SEED else ():
            folders = {name: self.store.answers.open(name, digest) for name, digest in study.answers.items()}
            waiting = [name for name, folder in folders.items() if answered.read(folder) is None]
            if waiting:
                raise RequestError(
                    f"the seed {seed.value} is that of study {study.id}, whose runs are looked at as registered only "
                    f"while {', '.join(waiting)} is not answered. Ask with another seed."
                )

    def _registered(self, study: Study, question: Question) -> Asked:
        asked = ask(question, seed=study.root, open_test=study.questions[question.name]["split"] == "test")
        return replace(asked, grade=study.grade_of(question.name), study=study.told(question))

    def unlike(self, asked: Asked) -> str:
        """What to tell where a question is exploratory although one of its name is registered; empty otherwise."""
        if asked.study or asked.seed != NO_SEED:
            return ""
        studies = [study for study in self.listing() if asked.question.name in study.questions]
        if not studies:
            return ""
        return (
            f"{asked.question.name} is registered in this lab (study {studies[-1].id}) with other options or another "
            "design, so this run is exploratory"
        )

    def register(
        self,
        drafts: Sequence[Draft],
        *,
        title: str = "",
        notes: str = "",
        budget: str = "",
        stamp: Stamp | None = None,
    ) -> Study:
        """Freeze questions as one study, before any of its runs can be: its seeds are not known before this.

        Args:
            drafts: of its questions.
            title: by default the questions' texts.
            notes, budget: in the author's words.
            stamp: asks somebody outside for a token over the registration's digest; None: self-witnessed.

        Raises:
            RequestError: when a gate is not passed, or the design is registered already. Nothing is written.
            WorkError: when nobody outside answers.
        """
        self._check_new(drafts)
        made = registration.document(
            [draft.frozen for draft in drafts],
            title=title or " ".join(draft.asked.question.text or draft.asked.question.name for draft in drafts),
            nonce=token_hex(32),
            environment=environment(),
            exposure=[line for draft in drafts for line in self.exposure(draft.asked)],
            notes=notes,
            budget=budget,
        )
        digest = registration.registration_digest(made)
        outside, remarks = stamp(bytes.fromhex(digest)) if stamp is not None else (None, ())
        witness = outside.plain() if outside is not None else None
        root = registration.root_seed(made, witness)
        seeded = {draft.asked.question.name: _seeded(draft.asked, root) for draft in drafts}
        body = {
            "study": digest,
            "digest": digest,
            "document": made,
            "witness": witness,
            "remarks": list(remarks),
            "runs": {name: registration.runs_of(asked) for name, asked in seeded.items()},
            "answers": {name: design_digest(asked) for name, asked in seeded.items()},
        }
        self.store.ledger.append(registration.REGISTERED, body)
        return next(study for study in self.listing() if study.digest == digest)

    def _check_new(self, drafts: Sequence[Draft]) -> None:
        refused = [
            RequestError(f"{draft.asked.question.name} is not registered: {line}")
            for draft in drafts
            for line in draft.refused
        ]
        standing = {item["design"]: study for study in self.listing() for item in study.questions.values()}
        refused += [
            RequestError(
                f"{draft.asked.question.name} is registered already with exactly this design (study "
                f"{standing[draft.frozen['design']].id}). To answer it: whether run {draft.frozen['source']}"
            )
            for draft in drafts
            if draft.frozen["design"] in standing
        ]
        if refused:
            raise RequestError.join(refused)

    def exposure(self, asked: Asked) -> list[str]:
        """What had been seen before: answers to a question of this name, and openings of the same test split."""
        name, seen = asked.question.name, []
        standing = {folder.name: answer for folder, answer in Answered(self.store).listing()}
        given = (str(body["folder"]) for body in self.store.ledger.said("answered"))
        for folder in dict.fromkeys(item for item in given if item[:-9] == name):  # less "-" and eight digits
            answer = standing.get(folder)
            came = "gone since" if answer is None else f"{answer.verdict} with {answer.replicates} replicates"
            seen.append(f"{'an' if answer is None else answer.grade} answer {folder}: {came}")
        uses = self.uses(asked)
        if uses:
            seen.append(f"the test split of these data was opened {len(uses)} times in this lab ({', '.join(uses)})")
        return seen

    def uses(self, asked: Asked) -> list[str]:
        """By what the test split of a question's data was opened before, in this lab and those merged into it."""
        contents = {str(fact.data["content"]) for fact in asked.wanted if fact.data is not None}
        opened = (body for body in self.store.ledger.said("opened") if body["data"] in contents)
        return [f"{body['question'] or 'a measure'} {str(body['design'])[:8]}" for body in opened]

    def named(self, name: str, study: str = "") -> tuple[Study, str]:
        """The study that a question's name means, and the question's own name.

        Args:
            name: of a question of a study.
            study: the beginning of the study's digest, where several have it.

        Raises:
            RequestError: when there is none, or several.
        """
        studies = self.listing()
        found = [item for item in studies if name in item.questions and item.digest.startswith(study)]
        if not found:
            known = [question for item in studies for question in item.questions]
            raise unknown("registered question", name, known, "" if known else "Nothing is registered in this lab.")
        if len(found) > 1:
            ids = ", ".join(item.id for item in found)
            raise RequestError(f"{name} stands in {len(found)} studies ({ids}); say which: --study {found[-1].id}")
        return found[0], name

    def amend(self, study: Study, draft: Draft, because: str) -> list[str]:
        """Change a registered question before anything of it was looked at; its study's seeds stay.

        Returns:
            What has changed.

        Raises:
            RequestError: when nothing differs, no reason is given, a gate is not passed, or it was looked at.
        """
        name = draft.asked.question.name
        before = study.questions[name]
        what = registration.differences(before, draft.frozen)
        wrong = [RequestError(f"the amendment of {name} is refused: {line}") for line in draft.refused]
        if not because.strip():
            wrong.append(RequestError("--because says nothing; say why the registration is changed, in a sentence."))
        if not what:
            wrong.append(RequestError(f"{name} is registered exactly so (study {study.id}); nothing would be amended."))
        if self.looked(study, name):
            wrong.append(
                RequestError(
                    f"{name} was looked at already, so its registration stays as it is. What is done otherwise is a "
                    f"deviation: whether deviate {name} --what … --reason … --because …"
                )
            )
        if wrong:
            raise RequestError.join(wrong)
        seeded = _seeded(draft.asked, study.root)
        body = {
            "study": study.digest,
            "question": name,
            "now": draft.frozen,
            "runs": registration.runs_of(seeded),
            "answer": design_digest(seeded),
            "what": "; ".join(what),
            "because": because.strip(),
        }
        self.store.ledger.append(registration.AMENDED, body)
        return what

    def deviate(self, study: Study, name: str, *, what: str, reason: str, because: str, effect: str) -> None:
        """Record that something was done otherwise than registered.

        Raises:
            RequestError: with all that is wrong.
        """
        body = registration.deviation(study, name, what=what, reason=reason, because=because, effect=effect)
        self.store.ledger.append(registration.DEVIATED, body)

    def looked(self, study: Study, name: str) -> bool:
        """Whether a registered question was looked at."""
        looks = (body for body in self.store.ledger.said("looked") if body["study"] == study.digest)
        return any(body["question"] == name for body in looks)


def environment() -> dict[str, Any]:
    """What is installed: Python, the machine's kind, and every package with its version."""
    packages = {item.metadata["Name"].lower(): item.version for item in distributions() if item.metadata["Name"]}
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "packages": dict(sorted(packages.items())),
    }


def _seeded(asked: Asked, root: Seed) -> Asked:
    """A question with its study's seeds."""
    return ask(asked.question, seed=root, open_test=asked.split == "test")


def _other_look(question: Question, study: Study) -> str:
    registered = study.questions[question.name]
    looks = registered["looks"]
    when = (
        f"one look, at {looks[0]} replicates"
        if len(looks) == 1
        else f"looks at {', '.join(map(str, looks))} replicates and {registered['spending']} spending"
    )
    return (
        f"{question.name} is registered (study {study.id}) with {when}, α = {registered['alpha']:g}; another look is "
        "refused, since every look at a registered question counts. As something else, with seeds of its own: add "
        f"--exploratory. As registered: {registration.command(registered)}"
    )
