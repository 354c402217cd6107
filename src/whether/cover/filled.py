"""The sheet of an answer: every field computed now from the evidence, the author's words beside it.

    filled_evidence.py   what an answer rests on, looked at and audited
    filled_words.py      drafts of question, verdict and trust         filled_rests.py   of data, compute, code, copies
    here                 which field rests on what, and so what is believed of each

A field is verified when nothing that it rests on is damaged. Otherwise it still says what the answer says, as
"cannot verify" with what is the matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from whether.cover.fields import FIELDS, Field, fields_of
from whether.cover.filled_evidence import ANSWER, ENVIRONMENT, LEDGER, RECORDS, Evidence, gather
from whether.cover.filled_rests import RESTS, UNTOLD, reproduced
from whether.cover.filled_words import WORDS, Draft, command, effect
from whether.cover.hand import Hand
from whether.cover.page import cut
from whether.cover.questions import CONFIRMED
from whether.cover.sheet import CANNOT, DECLARED, HIDDEN, NOT_STATED, VERIFIED, AxisRow, Said, Sheet
from whether.cover.words import Words, annex_of

if TYPE_CHECKING:
    from whether.answer import Answer
    from whether.store.folder import Store

_RESULT = (ANSWER, RECORDS, "seeds", "runs", "numbers", "verdict", "looks", "registration")
RESTS_ON: Mapping[str, Sequence[str]] = {
    "version": (ANSWER, LEDGER),
    "date": (ANSWER, LEDGER),
    "digest": (ANSWER, LEDGER),
    "verdict": _RESULT,
    "effect": _RESULT,
    "grade": (ANSWER, LEDGER, "registration", "seeds", "looks"),
    "registration": (ANSWER, LEDGER, "registration"),
    "deviations": (ANSWER, LEDGER, "registration"),
    "rule": (ANSWER, LEDGER, "registration", "verdict", "looks"),
    "runs": (ANSWER, LEDGER, RECORDS, "registration", "seeds", "runs", "numbers"),
    "variation": (ANSWER, "seeds"),
    "checks": (ANSWER, RECORDS, "runs", "numbers", "verdict"),
    "data": (ANSWER, LEDGER, RECORDS),
    "compute": (ANSWER, RECORDS),
    "code": (ANSWER, ENVIRONMENT),
}
"""On which of the evidence a field rests; one that is not named, on answer.json alone."""
_MOST_PROBLEMS = 20


def fill(store: Store, answer: Answer, hand: Hand | None = None) -> Sheet:
    """The cover sheet of an answer, with everything that can be computed computed anew.

    Args:
        store: of its lab.
        answer: to tell of.
        hand: what its author says.

    Returns:
        A sheet, of damaged evidence, too: `problems` then says what was found, and the fields that rest on it cannot be
        verified.
    """
    hand = hand or Hand()
    evidence = gather(store, answer)
    category = hand.said["category"].text if "category" in hand.said else answer.category
    again, wrong = reproduced(evidence, hand.reproductions, hand.folder)
    drafts = drafted(evidence) | {"reproduced": again}
    fields = {name: _said(name, item, evidence, drafts.get(name), hand) for name, item in fields_of(category).items()}
    if "category" not in hand.said:
        fields["category"] = Said(state=DECLARED, text=category, pointer="answer.json")
    unsure = [f"{name}: {one.note}" for name, one in drafts.items() if one.state == CANNOT and one is not again]
    decides = "verdict" in fields
    annex = hand.said.get("annex")
    return Sheet(
        category=category,
        annex=annex_of(annex.text) if annex is not None else None,
        verdict=answer.verdict if decides else "",
        fields=fields,
        axis=axis_of(answer) if decides else [],
        problems=_first([*evidence.problems, *wrong, *unsure]),
    )


def drafted(evidence: Evidence) -> dict[str, Draft]:
    """What the evidence says of each field of which it says anything, whether or not it can be believed."""
    makers: dict[str, Callable[[Evidence], Draft]] = {
        **WORDS,
        **RESTS,
        "effect": partial(effect, most=FIELDS["effect"].most, items=FIELDS["effect"].items),
        "command": partial(command, most=FIELDS["command"].most),
    }
    return {name: make(evidence) for name, make in makers.items()}


def axis_of(answer: Answer) -> list[AxisRow]:
    """The claims that decide, as they lie on the axis of the verdict."""
    return [
        AxisRow(
            said=claim.said,
            kind=claim.kind,
            verdict=claim.verdict,
            estimate=claim.estimate,
            low=claim.low,
            high=claim.high,
            size=claim.size,
            unit=claim.unit,
            level=claim.level,
        )
        for claim in answer.claims
    ]


def missing(sheet: Sheet) -> list[str]:
    """The fields that a complete sheet needs, people fill, and nobody has filled."""
    return [
        name
        for name, said in sheet.fields.items()
        if FIELDS[name].needed and FIELDS[name].fill != "auto" and said.state == NOT_STATED and said.note != HIDDEN
    ]


def _said(name: str, item: Field, evidence: Evidence, draft: Draft | None, hand: Hand) -> Said:
    words = hand.said.get(name)
    if draft is None:
        return _declared(words, hand) if words is not None else Said(state=NOT_STATED)
    said = _believed(name, item, evidence, draft)
    if words is None:
        return said
    if words.text == CONFIRMED:
        return replace(said, note=said.note or "Confirmed by its authors.")
    return _added(said, item, words, hand)


def _believed(name: str, item: Field, evidence: Evidence, draft: Draft) -> Said:
    """A draft in its state: cannot be verified where something that it rests on is damaged."""
    text = "\n".join(cut(line, item.most) for line in draft.text.split("\n"))
    text = text if len(text) <= item.most else cut(text, item.most)
    said = Said(state=draft.state, text=text, pointer=draft.pointer, note=draft.note, value=draft.value)
    if said.state == NOT_STATED:
        return replace(said, pointer="")  # nobody recorded it, so nothing of it can be damaged
    found = [what for concern in RESTS_ON.get(name, (ANSWER,)) for what in evidence.wrong.get(concern, ())]
    if not found:
        return said if said.text or said.state == CANNOT else replace(said, state=NOT_STATED, pointer="")
    more = f" And {len(found) - 1} more." if len(found) > 1 else ""
    return replace(said, state=CANNOT, note=f"{found[0]}{more}")


def _declared(words: Words, hand: Hand) -> Said:
    return Said(state=DECLARED, text=words.text, pointer=words.pointer or hand.name)


def _added(said: Said, item: Field, words: Words, hand: Hand) -> Said:
    """What was drafted, and what its author adds; all of it is then as good as the author's word."""
    if not said.text:
        return _declared(words, hand)
    added = words.text if item.many else f"Authors add: {words.text}"
    kept = cut(said.text.removesuffix(UNTOLD), max(item.most - len(added) - 1, item.most // 3))
    text = f"{kept}\n{added}" if item.many else f"{kept} {added}"
    if said.state != VERIFIED:
        return replace(said, text=text)
    note = "The first part is computed; what the authors add is their word."
    return replace(said, state=DECLARED, text=text, pointer=words.pointer or hand.name, note=note)


def _first(problems: Sequence[str]) -> list[str]:
    left = len(problems) - _MOST_PROBLEMS
    more = [f"And {left} more; `whether verify` lists them all."] if left > 0 else []
    return [*problems[:_MOST_PROBLEMS], *more]
