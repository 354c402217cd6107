"""The Lab: one folder in which questions are planned, run and answered. The front object of the library.

    lab = Lab()                       # ./lab, or the one above, or WHETHER_LAB
    answer = lab.run(question)        # trains what is missing, then answers
    lab.value(accuracy(network))      # one number
    lab.load(network)                 # an nn.Module
    lab.export(network, path)         # its weights as a safetensors file

What is known of a piece is looked up here (`why`); bytes are the store's, and training is the executor's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from whether import inquiry
from whether.answer import DONE, Answer
from whether.answered import Answered
from whether.campaign import Campaign, Means
from whether.errors import RequestError
from whether.execute.progress import Listener, Spoken
from whether.history import Measure, Network
from whether.history.difference import Difference
from whether.history.resolve import Resolver
from whether.looking import count_opening
from whether.plan.demand import nearest_points
from whether.plan.plan import Asked, Plan, make_plan, plan_states
from whether.question import Question
from whether.registration import Study
from whether.seeds import Seed, as_seed
from whether.store.answers import AnswerFolder
from whether.store.folder import Store
from whether.store.publish import load, publish
from whether.studies import Studies

if TYPE_CHECKING:
    from torch import nn

    from whether.cover.hand import Hand
    from whether.cover.sheet import Sheet
    from whether.execute.workshop import Workshop
    from whether.history.facts import State

T = TypeVar("T")


class Lab:
    """A lab folder and what can be done in it.

    Args:
        path: the folder; by default WHETHER_LAB, the nearest lab upward, or a new ./lab.
        create: make the folder when there is none; commands that only read say False.
    """

    def __init__(self, path: str | Path | None = None, *, create: bool = True) -> None:
        self.store = Store.find(path, create=create)
        self.studies = Studies(self.store)
        self._answered = Answered(self.store)

    @property
    def root(self) -> Path:
        """The folder."""
        return self.store.root

    def __repr__(self) -> str:
        return f"Lab({str(self.root)!r})"

    def ask(
        self, question: Question, *, open_test: bool = False, seed: Seed | int = 0, exploratory: bool = False
    ) -> Asked:
        """A question resolved: with its study's seeds when its design is registered in this lab.

        Raises:
            RequestError: for what its sentences get wrong, and another look at a registered question.
        """
        if not isinstance(question, Question):
            raise RequestError(
                f"got a {type(question).__name__}; expected a Question: call the template, as in lottery_ticket()."
            )
        return self.studies.ask(question, seed=as_seed(seed), open_test=open_test, exploratory=exploratory)

    def plan(
        self, *questions: Question, open_test: bool = False, seed: Seed | int = 0, exploratory: bool = False
    ) -> Plan:
        """What would be trained to answer these questions with all their looks, and what stands already."""
        from whether.execute.stock import LabStock

        asked = [self.ask(item, open_test=open_test, seed=seed, exploratory=exploratory) for item in questions]
        return make_plan(asked, LabStock(self.store))

    def run(
        self,
        question: Question,
        *,
        open_test: bool = False,
        seed: Seed | int = 0,
        exploratory: bool = False,
        on: str = "auto",
        mixed: bool = False,
        progress: Listener | None = None,
    ) -> Answer:
        """Train what is missing, look by look until the verdict stands, answer, and write the report.

        Args:
            question: with its number of replicates.
            open_test: ask measures that name no split of the test split instead of the validation split; the ledger
                counts every use of a test split.
            seed: the root of all replicates' seeds; a registered question has those of its study.
            exploratory: ask it with seeds of its own although its design is registered.
            on: what trains: "auto" (processes where the work is long), "inprocess", "local" (processes), "local:4",
                "ray", "ray://host:10001".
            mixed: let devices of different profiles work together; the answer says so.
            progress: hears of what goes on (`execute.progress`); by default lines on stderr when it takes long.

        Raises:
            RequestError: when the question cannot be asked so.
            WorkError: when training fails or the disk refuses; what was done stays.
        """
        means = Means(on=on, mixed=mixed)
        asked = self.ask(question, open_test=open_test, seed=seed, exploratory=exploratory)
        (answer,) = Campaign(self.store, progress or Spoken(), means).answer([asked])
        assert answer is not None  # without a budget everything is answered
        return answer

    def run_all(
        self,
        questions: Sequence[Question],
        *,
        open_test: bool = False,
        seed: Seed | int = 0,
        exploratory: bool = False,
        means: Means | None = None,
        progress: Listener | None = None,
    ) -> list[Answer | None]:
        """Plan several questions together, train each piece once, and answer each as soon as its numbers stand.

        Args:
            questions: those that have least left to train come first.
            open_test, seed, exploratory, progress: as in `run`.
            means: on what, and what it may cost.

        Returns:
            An answer for each question, None where the budget did not reach; the same call goes on there.
        """
        asked = [self.ask(item, open_test=open_test, seed=seed, exploratory=exploratory) for item in questions]
        return Campaign(self.store, progress or Spoken(), means).answer(asked)

    def answered(
        self, question: Question, *, open_test: bool = False, seed: Seed | int = 0, exploratory: bool = False
    ) -> Answer | None:
        """The answer that stands for exactly this question, or None."""
        return self._answered.to(self.ask(question, open_test=open_test, seed=seed, exploratory=exploratory))

    def answers(self, *, all_whole: bool = False) -> list[tuple[Path, Answer]]:
        """Every answer in the lab that stands whole, the newest last; `whether verify` names the others.

        Args:
            all_whole: refuse when there is another.

        Raises:
            DamageError: so, and when the ledger is damaged, which witnesses them all.
        """
        return self._answered.listing(all_whole=all_whole)

    def latest(self) -> Answer | None:
        """The answer last written or asked for: `@last`."""
        folder = self.store.answers.latest()
        return None if folder is None else self._answered.read(folder)

    def find(self, name: str) -> Answer | None:
        """The newest answer to a question of this name.

        Raises:
            DamageError: when there are only damaged ones.
        """
        found = [answer for _, answer in self.answers() if answer.name == name]
        if not found:
            for folder in self.store.answers.find(name):
                self._answered.read(folder)
        return found[-1] if found else None

    def cover(self, answer: Answer, hand: Hand | None = None) -> Sheet:
        """The cover sheet of an answer, its fields computed anew from the evidence.

        Args:
            answer: of this lab.
            hand: what its author says (`whether.cover.hand.read`).
        """
        from whether.cover.filled import fill

        return fill(self.store, answer, hand)

    def folder(self, answer: Answer) -> Path:
        """Where an answer's files lie."""
        return self.store.answers.open(answer.name, answer.digest).path

    def answer_folder(self, study: Study, name: str) -> AnswerFolder:
        """Where the answer to a registered question is, or will be."""
        return self.store.answers.open(name, study.answers[name])

    def retell(self, study: Study, name: str) -> Answer | None:
        """Write a registered question's answer again with what its study now says of it; None where there is none."""
        answer = self._answered.read(self.answer_folder(study, name))
        now = next(item for item in self.studies.listing() if item.digest == study.digest)
        return None if answer is None else self._answered.write(replace(answer, study=now.told(answer)))

    def value(self, measure: Measure, *, progress: Listener | None = None) -> Any:
        """One measure's value, trained for if need be: a float, or for a curve its steps and values.

        Raises:
            WorkError: when the network diverged, so that there is nothing to measure.
        """
        if not isinstance(measure, Measure):
            kind = type(measure).__name__
            raise RequestError(f"value() got a {kind}; expected a Measure, such as accuracy(network).")
        fact = Resolver().measure(measure)
        count_opening(self.store, "", fact.digest, [fact])
        (record,) = Campaign(self.store, progress or Spoken()).measure([fact])
        if record["outcome"] != DONE:
            from whether.execute.workshop import NoStateError

            ends = {point.digest: self.store.records.read(point.digest)["outcome"] for point in nearest_points(fact)}
            lost = next((name for name, outcome in ends.items() if outcome != DONE), fact.state.digest)
            raise NoStateError(lost, record["outcome"])
        return record["value"]

    def load(self, network: Network, *, progress: Listener | None = None) -> nn.Module:
        """A network as an `nn.Module` in evaluation mode with its weights, trained if need be."""
        from whether.models import build

        def use(workshop: Workshop, state: State) -> nn.Module:
            module = build(state.model)
            module.load_state_dict(workshop.state(state).weights, strict=False)
            return module.eval()

        return self._made("load", network, use, progress)

    def export(self, network: Network, path: str | Path, *, progress: Listener | None = None) -> Path:
        """Write a network's weights to a safetensors file, trained if need be; `Network.from_file` reads them.

        Parameters and buffers under the module's names, masked weights as zeros. The mask itself, the optimiser and the
        history stay in the lab.

        Args:
            network: whose weights.
            path: of the file; missing folders are made.
            progress: as in `run`.

        Raises:
            RequestError: when another file stands there: a history may name it, and it is never replaced.
        """
        from whether.train.checkpoint import encode_tensors

        def use(workshop: Workshop, state: State) -> bytes:
            return encode_tensors(workshop.state(state).weights)

        data, there = self._made("export", network, use, progress), Path(path).expanduser()
        if not publish(there, data, what="exported weights") and load(there, what="exported weights") != data:
            raise RequestError(f"export() would replace {there}, which holds something else; name another file.")
        return there

    def _made(self, what: str, network: Network, use: Callable[[Workshop, State], T], progress: Listener | None) -> T:
        """What is made of a network, trained if need be."""
        from whether.execute.stock import LabStock

        if not isinstance(network, Network):
            kind = type(network).__name__
            raise RequestError(f"{what}() got a {kind}; expected a Network, such as network.train().")
        state = Resolver().state(network)
        campaign = Campaign(self.store, progress or Spoken())
        return campaign.make(lambda: plan_states([state], LabStock(self.store)), lambda workshop: use(workshop, state))

    def why(self, prefix: str, *questions: Question, open_test: bool = False, seed: Seed | int = 0) -> dict[str, Any]:
        """What a piece is, by the beginning of its digest: how it came to be, and why it would train again.

        Args:
            prefix: of a digest.
            questions: whose pieces are known, too, though they were not trained.
            open_test, seed: as they are asked.

        Raises:
            RequestError: when nothing, or more than one, begins so.
        """
        asked = [self.ask(question, open_test=open_test, seed=seed) for question in questions]
        return inquiry.why(self.store, prefix, asked)

    def diff(self, a: str, b: str) -> list[Difference]:
        """In what the histories of two recorded pieces differ, by the beginnings of their digests."""
        return inquiry.diff(self.store, a, b)
