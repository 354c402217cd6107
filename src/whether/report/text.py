"""An answer as plain text for a terminal: the verdict first, at most 100 columns, no colour codes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from whether.question import at
from whether.report import account, numbers, published, rule, standing, wording

if TYPE_CHECKING:
    from whether.answer import Answer, ArmSummary, ClaimResult

COLUMNS = 100
_MOST_ARMS, _MOST_NOTES = 40, 3


def as_text(answer: Answer, *, report: str = "") -> str:
    """The answer for `whether answer`: verdict, warnings, claims, looks, controls, arms, and where the page is.

    Args:
        answer: what is told.
        report: where its page lies; by default its place within the lab.

    Returns:
        Lines of at most 100 columns that end with a line break. The first begins with the verdict.
    """
    where = report or f"answers/{answer.name}-{answer.digest[:8]}/report.html in the lab"
    parts = [
        _verdict(answer),
        _listed("What would settle it", rule.settle(answer)),
        _listed("Before you believe it", standing.warnings(answer), "! "),
        ["What decides", *_wrapped(_deciding(answer), "  "), *_claims(answer.claims)],
        _looks(answer),
        _controls(answer),
        _secondary(answer),
        ["Arms", *_arms(answer, wording.level(answer))],
        _published(answer),
        _listed("Notes", _first(standing.notices(answer))),
        _listed("What was fixed beforehand", standing.registered(answer)),
        _listed("How far to trust it", standing.trust(answer)),
        _listed("What varied and what was shared", [*account.varied(answer), *account.shared(answer)]),
        _listed("Every run", [account.accounted(answer)]) if answer.failed or answer.overrun else [],
        [*_command(answer), f"Report  {where}"],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in lines) for lines in parts if lines) + "\n"


def _verdict(answer: Answer) -> list[str]:
    head = _wrapped(answer.text or answer.name, "", f"{wording.VERDICT[answer.verdict].upper()}  ")
    facts = f"{answer.grade} · {account.facts(answer)}"
    return [*head, *_wrapped(answer.meaning, "  "), *_wrapped(facts, "  ")]


def _listed(head: str, said: Sequence[str], mark: str = "- ") -> list[str]:
    """A head and its items; nothing where there are none."""
    return [head, *(line for one in said for line in _wrapped(one, "  ", mark))] if said else []


def _first(said: Sequence[str]) -> list[str]:
    more = len(said) - _MOST_NOTES
    return [*said[:_MOST_NOTES], f"and {numbers.plural(more, 'more note')} on the page"] if more > 0 else list(said)


def _deciding(answer: Answer) -> str:
    return " ".join(filter(None, [rule.combination(answer), rule.strictness(answer), *rule.multiplicity(answer)]))


def _claims(claims: Iterable[ClaimResult]) -> list[str]:
    lines = []
    for claim in claims:
        found = _found(claim)
        lines += _wrapped(claim.said, "  ", f"{claim.verdict:<14}")
        lines += _wrapped(f"{found}; yes needs it {wording.needs(claim)}; n = {claim.n}, {claim.method}", " " * 16)
    return lines


def _found(claim: ClaimResult) -> str:
    unbounded = claim.low is None and claim.high is None
    level = wording.claim_level(claim)
    return f"{wording.effect(claim)}, {'no interval' if unbounded else f'{level} interval {wording.interval(claim)}'}"


def _looks(answer: Answer) -> list[str]:
    """Each look in a row, with the claims side by side where they fit, else in rows of their own."""
    if not rule.several_looks(answer):
        return []
    rows = rule.look_rows(answer)
    head = ["n", "level", *(f"claim {place + 1}" for place in range(len(answer.claims)))]
    told = [[str(row.n), row.level, *(_seen(seen) for seen in row.claims)] for row in rows]
    if len(answer.claims) > 1:
        head.append("question")
        told = [[*cells, row.verdict] for cells, row in zip(told, rows, strict=True)]
    table = _table([head, *told])
    if max(map(len, table)) > COLUMNS:
        flat = [
            [str(row.n), row.level, f"claim {place + 1}", _seen(seen)]
            for row in rows
            for place, seen in enumerate(row.claims)
        ]
        table = _table([["n", "level", "", "effect"], *flat])
    return ["Looks", *_wrapped(rule.looked(answer), "  "), *table]


def _seen(seen: rule.Seen) -> str:
    return f"{seen.text} {seen.word}" if seen.fresh else seen.text


def _controls(answer: Answer) -> list[str]:
    lines = []
    for control in answer.controls:
        claim = control.claim
        lines += _wrapped(claim.said, "  ", f"{'behaved' if control.behaved else 'DID NOT':<14}")
        came = f"expected {control.expect}, came out {claim.verdict}: {_found(claim)}"
        lines += _wrapped(came, " " * 16)
    return ["Controls", *lines] if lines else []


def _secondary(answer: Answer) -> list[str]:
    lines = [line for ladder in answer.ladders for line in _wrapped(wording.ladder(ladder, answer), "  ")]
    for claim in answer.secondary:
        holm = f", p (Holm) {numbers.p_value(claim.p_holm)}" if claim.p_holm is not None else ""
        lines += _wrapped(claim.said, "  ", f"{claim.verdict:<14}")
        lines += _wrapped(_found(claim) + holm, " " * 16)
    return ["Secondary, never deciding", *lines] if lines else []


def _arms(answer: Answer, level: str) -> list[str]:
    """Families side by side along their axis where they fit, else a row for each arm."""
    lone = [arm for arm in answer.arms if arm.x is None]
    along = [arm for arm in answer.arms if arm.x is not None]
    grid = _side_by_side(along, answer)
    if grid is None:
        lone, grid = list(answer.arms), []
    rows = [
        [
            numbers.clean(arm.arm),
            wording.arm_mean(arm, answer),
            wording.arm_interval(arm, answer),
            str(arm.n),
            str(arm.diverged or ""),
        ]
        for arm in lone[:_MOST_ARMS]
    ]
    more = (
        [f"  … and {numbers.plural(len(lone) - _MOST_ARMS, 'more arm')} in runs.csv"] if len(lone) > _MOST_ARMS else []
    )
    listed = _table([["", "mean", f"{level} interval", "n", "diverged"], *rows]) if rows else []
    return [*listed, *more, *([""] if listed and grid else []), *grid]


def _published(answer: Answer) -> list[str]:
    """A row for each published figure, its source and note under it."""
    rows = published.rows(answer)
    if not rows:
        return []
    table = _table([["", "here", "published"], *([numbers.clean(row.arm), row.ours, row.published] for row in rows)])
    lines, told = [table[0]], ""
    for line, row in zip(table[1:], rows, strict=True):
        about = ". ".join(filter(None, [row.source.rstrip("."), row.note]))
        if told and about != told:
            lines += _wrapped(told, " " * 4)
        lines.append(line)
        told = about
    return ["Beside the published figures", *_wrapped(published.said(answer), "  "), *lines, *_wrapped(told, " " * 4)]


def _side_by_side(arms: Sequence[ArmSummary], answer: Answer) -> list[str] | None:
    if not arms:
        return []
    families = list(dict.fromkeys(arm.family for arm in arms))
    placed = {(arm.family, arm.x): arm for arm in arms}
    xs = list(dict.fromkeys(arm.x for arm in arms if arm.x is not None))
    rows = [[numbers.clean(answer.axis) or "at", *map(numbers.clean, families)]]
    for x in xs:
        found = [placed.get((family, x)) for family in families]
        rows.append([at("", x).removeprefix(" at "), *("" if arm is None else _brief(arm, answer) for arm in found)])
    table = _table(rows)
    return table if max(map(len, table)) <= COLUMNS else None


def _brief(arm: ArmSummary, answer: Answer) -> str:
    limits = wording.arm_interval(arm, answer)
    ended = f" ({arm.diverged} diverged)" if arm.diverged else ""
    return f"{wording.arm_mean(arm, answer)}{'' if limits == 'none' else f' [{limits}]'}{ended}"


def _command(answer: Answer) -> list[str]:
    """The command in lines that can be pasted: one that goes on ends with a backslash."""
    lines = ["Again  "]
    for word in map(numbers.clean, account.command_words(answer)):
        if len(lines[-1]) + len(word) + 3 > COLUMNS and lines[-1].strip():
            lines[-1] += " \\"
            lines.append(" " * 9)
        lines[-1] += f" {word}"
    return lines


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns two spaces apart, the first to the left and the others to the right; the first is cut to what is left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widths[0] = min(widths[0], max(COLUMNS - 2 - sum(width + 2 for width in widths[1:]), 12))
    lines = []
    for row in rows:
        first = row[0] if len(row[0]) <= widths[0] else f"{row[0][: widths[0] - 1]}…"
        rest = "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append(f"  {first:<{widths[0]}}{rest}")
    return lines


def _wrapped(text: str, indent: str, lead: str = "") -> list[str]:
    """A paragraph; `lead` stands before its first line and the others line up behind it."""
    behind = indent + " " * len(lead)
    return textwrap.wrap(
        numbers.clean(text), COLUMNS, initial_indent=indent + lead, subsequent_indent=behind, break_on_hyphens=False
    )
