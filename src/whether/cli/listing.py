"""What `list` and `show` print: the catalogue, one question in full (`wordlist` next door has the words)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from whether.catalogue.find import find, reading_order
from whether.cli import chances
from whether.cli.options import GENERAL, written
from whether.cli.page import columns, faint, heading, paragraph, say, say_json, strong
from whether.errors import RequestError
from whether.question import Ladder
from whether.seeds import Seed

if TYPE_CHECKING:
    from whether.question import Claim, Published, Question, Template

COMBINE = {"all": "all must hold", "any": "one must hold", "ordered": "in this order"}
_EXPLAINED = re.compile(r"^    (\w+): (.+)$")


def catalogue(*, as_json: bool) -> None:
    """Every question with its one line, in the order in which they are best read."""
    groups = {head: [find(name) for name in names] for head, names in reading_order().items()}
    if as_json:
        questions = [item for group in groups.values() for item in group]
        say_json([{"name": item.name, "category": item.category, "text": item.text} for item in questions])
        return
    widest = max(len(item.name) for group in groups.values() for item in group)
    for head, group in groups.items():
        say(faint(head))
        say(columns([(strong(f"{item.name:<{widest}}"), item.text) for item in group], indent=0) + "\n")
    say(faint("whether show NAME explains one; a Python file with a question in it is a name, too."))


def question(typed: str, template: Template, asked: Question, found: chances.Found, *, as_json: bool) -> None:
    """One question in full, with the options that it was given.

    Args:
        typed: its name (a file perhaps) and options, as they were typed.
        template: the question with its options open.
        asked: the same with its options.
        found: its chances.
        as_json: print it as plain JSON.
    """
    idea, explained = idea_of(template)
    if as_json:
        say_json(_plain(template, asked, idea, explained) | {"chances": chances.plain(found)})
        return
    say(f"{strong(template.name)}  {faint(template.category)}\n")
    say(strong(paragraph(template.text, 2)))
    if idea:
        say("\n" + paragraph(idea, 2))
    say(heading("What the answers would mean"))
    say(columns([("yes", asked.if_yes), ("no", asked.if_no), ("inconclusive", asked.if_inconclusive)]))
    _claims(asked)
    say(heading("Rule"))
    say(paragraph(rule_of(asked), 2))
    say(heading("Options"))
    say(columns(_options(template, asked, explained)))
    if template.presets:
        say(heading("Presets"))
        say(columns([(f"preset={name}", _line(chosen)) for name, chosen in template.presets.items()]))
    chances.tell(found)
    if asked.published:
        say(heading("Published figures") + faint("  shown beside the result; they decide nothing"))
        say(columns([_published(item) for item in asked.published]))
    say(heading("To go on"))
    say(columns(_commands(typed)))


def _published(item: Published) -> tuple[str, str, str]:
    spread = "" if item.spread is None else f" ± {item.spread:g}"
    about = "; ".join(filter(None, [item.source, item.note]))
    return item.arm, f"{item.value:g}{spread} {item.unit}", faint(about)


def _claims(asked: Question) -> None:
    many = len(asked.claims)
    rule = COMBINE[asked.combine]
    if asked.combine == "ordered":
        rule += f"; the first {asked.hold_to or many} must hold"
    say(heading("Claims") + (faint(f"  {rule}") if many > 1 else ""))
    tell = teller(asked)
    say("\n".join(_claim(claim, tell) for claim in asked.claims))
    if asked.secondary:
        say(heading("Also shown, never deciding"))
        for item in asked.secondary:
            say(ladder_of(item, tell) if isinstance(item, Ladder) else _claim(item, tell))
    if asked.controls:
        say(heading("Controls") + faint("  could the experiment have seen it?"))
        for control in asked.controls:
            say(paragraph(f"{tell(control.claim)}: {control.expect} expected", 2, hang=2))
            say(faint(paragraph(control.because, 4)))


def teller(asked: Question) -> Callable[[Claim], str]:
    """Says a question's claims in words, as the answer will have them: where less is better, "is lower than"."""
    try:
        better = {arm.name: arm.measure.kind.better for arm in asked.replicate(0, Seed(0))}
    except RequestError:  # told where the question is asked
        better = {}
    return lambda claim: claim.said_of_less if better.get(claim.left) == "lower" else claim.said


def _claim(claim: Claim, tell: Callable[[Claim], str]) -> str:
    return paragraph(tell(claim), 2, hang=2) + "\n" + faint(paragraph(f"because {claim.because}", 4))


def ladder_of(ladder: Ladder, tell: Callable[[Claim], str]) -> str:
    """Its claims in order; of a long one the first and the last."""
    said = [tell(claim) for claim in ladder.claims]
    if len(said) > 5:
        said = [*said[:2], f"… {len(said) - 3} more …", said[-1]]
    head = "how far it holds, each step asked while all before it are yes:"
    lines = [paragraph(head, 2, hang=2), *(paragraph(line, 4, hang=2) for line in said)]
    return "\n".join([*lines, faint(paragraph(f"because {ladder.claims[0].because}", 4))])


def rule_of(asked: Question) -> str:
    """How many replicates, how they are compared, at which level."""
    paired = "compared in pairs of equal seeds" if asked.pairing == "replicate" else "not paired"
    looks = asked.looked_at
    when = ""
    if len(looks) > 1:
        when = (
            f" Looked at with {', '.join(map(str, looks[:-1]))} and {looks[-1]}, until the verdict stands; the level "
            f"is shared out among the looks ({asked.spending})."
        )
    return (
        f"{asked.replicates} {'replicate' if asked.replicates == 1 else 'replicates'}, {paired}, each verdict at a "
        f"one-sided level of {asked.alpha:g}.{when} An interval that lies on neither side is inconclusive."
    )


def _options(template: Template, asked: Question, explained: dict[str, str]) -> list[tuple[str, ...]]:
    rows = [
        (f"{name}={written(asked.options.get(name, default))}", explained.get(name, ""))
        for name, default in template.options.items()
    ]
    general = {
        "replicates": (asked.replicates, "independent repetitions"),
        "alpha": (asked.alpha, "one-sided level"),
        "looks": (list(asked.looks), "numbers of replicates at which it is looked at; none: at the end only"),
        "spending": (asked.spending, "how the level is shared out among looks: obrien-fleming or pocock"),
        "power": (asked.power, "the chance of a yes, and of a no, that registering asks for"),
    }
    rows += [
        (f"{name}={written(value)}", text) for name, (value, text) in general.items() if name not in template.options
    ]
    return [(name, faint(text)) for name, text in rows]


def _commands(typed: str) -> list[tuple[str, str]]:
    return [
        (f"whether plan {typed}", faint("what would run, what of it is shared, what is there already")),
        (f"whether run {typed}", faint("the answer; options as above, wherever they stand")),
        (f"whether register {typed}", faint("frozen before it is run: its answer then counts for more")),
    ]


def idea_of(template: Template) -> tuple[str, dict[str, str]]:
    """The prose of a docstring, and what its "Args:" say of each option."""
    prose, _, rest = template.idea.partition("Args:\n")
    explained: dict[str, str] = {}
    last = ""
    for line in rest.splitlines():
        if match := _EXPLAINED.match(line):
            last = match[1]
            explained[last] = match[2]
        elif last and line.startswith("      "):
            explained[last] += " " + line.strip()
        else:
            last = ""
    return prose.strip(), explained


def _line(options: Any) -> str:
    return " ".join(f"{name}={written(value)}" for name, value in options.items())


def _plain(template: Template, asked: Question, idea: str, explained: dict[str, str]) -> dict[str, Any]:
    tell = teller(asked)

    def said(claim: Claim) -> dict[str, Any]:
        return asdict(claim) | {"said": tell(claim)}

    general = {name: getattr(asked, name) for name in GENERAL if hasattr(asked, name)}
    chosen = {name: asked.options.get(name, default) for name, default in template.options.items()}
    return {
        "name": template.name,
        "category": template.category,
        "text": template.text,
        "idea": idea,
        "if_yes": asked.if_yes,
        "if_no": asked.if_no,
        "if_inconclusive": asked.if_inconclusive,
        "combine": asked.combine,
        "claims": [said(claim) for claim in asked.claims],
        "secondary": [
            {"ladder": [said(claim) for claim in item.claims]} if isinstance(item, Ladder) else said(item)
            for item in asked.secondary
        ],
        "controls": [
            {"claim": said(item.claim), "expect": item.expect, "because": item.because} for item in asked.controls
        ],
        "published": [asdict(item) for item in asked.published],
        "pairing": asked.pairing,
        "options": general | chosen,
        "explained": explained,
        "presets": {name: dict(chosen) for name, chosen in template.presets.items()},
    }
