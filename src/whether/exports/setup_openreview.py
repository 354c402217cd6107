"""Set up the forms of a venue on OpenReview, from the files beside this script.

    python setup_openreview.py                    says what it would do: asks nobody, changes nothing
    python setup_openreview.py --apply DATES      does it
    python setup_openreview.py --unlock CATEGORY  shows reviewers the verdict of a category (with --apply)

DATES are --design-start, --design-due, --review-start and --review-due, such as 2027-03-01T23:59 (UTC).

It needs openreview-py, `pip install openreview-py`, and in the environment:

    OPENREVIEW_VENUE_ID   the venue, such as Example.org/2027/Conference; it must exist on OpenReview
    OPENREVIEW_USERNAME, OPENREVIEW_PASSWORD   of a programme chair; or OPENREVIEW_TOKEN instead of both
    OPENREVIEW_BASEURL    another server than https://api2.openreview.net, to try it on

Only what these files name is changed: fields of other names, dates of submission and readers stay as they are.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

PARTS = ("submission", "reviews", "decision")
DEFAULT_REVIEW = ["title", "review", "rating", "confidence"]
"""Fields of OpenReview's own review form, which ours stands instead of."""

Act = Callable[[Any, Any], object]
"""What a step does, with the library and the venue."""
Step = tuple[str, Act]


def main(arguments: Sequence[str] | None = None) -> int:
    """Say the steps, and take them with --apply."""
    told = options().parse_args(arguments)
    venue = read(told.folder, "venue.json")
    if told.unlock and told.unlock not in venue["categories"]:
        print(f"unknown category {told.unlock!r}; this venue has {', '.join(venue['categories'])}", file=sys.stderr)
        return 2
    taken = unlocking(told.unlock, venue["covered"]) if told.unlock else setting_up(told, venue)
    missing = lacking(told, venue)
    if told.apply and missing:
        print(f"not given: {', '.join(missing)}; nothing was done", file=sys.stderr)
        return 2
    library, there = connected() if told.apply else (None, None)
    for said, act in taken:
        print(f"{'' if told.apply else 'would '}{said}", flush=True)
        if told.apply:
            act(library, there)
    if not told.apply:
        print(f"Nothing was done. For --apply {'is missing: ' + ', '.join(missing) if missing else 'all is there'}.")
    return 0


def options() -> argparse.ArgumentParser:
    """What can be given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apply", action="store_true", help="do it; without, only say it")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated; by default all")
    parser.add_argument("--unlock", metavar="CATEGORY", help="show its verdicts to reviewers, and do nothing else")
    for name in ("design-start", "design-due", "review-start", "review-due"):
        parser.add_argument(f"--{name}", type=moment, metavar="TIME")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the forms are")
    return parser


def moment(text: str) -> datetime:
    """A time of the command line; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)  # noqa: UP017 - runs on older Pythons


def read(folder: Path, name: str) -> Any:
    """One of the files beside the script."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def lacking(told: argparse.Namespace, venue: dict[str, Any]) -> list[str]:
    """What --apply needs and was not given."""
    wanted = ["OPENREVIEW_VENUE_ID"]
    if not os.environ.get("OPENREVIEW_TOKEN"):
        wanted += ["OPENREVIEW_USERNAME", "OPENREVIEW_PASSWORD"]
    missing = [name for name in wanted if not os.environ.get(name)]
    if told.unlock or "reviews" not in (told.only or PARTS):
        return missing
    phases = [("design", "design"), ("review", "result")]
    opening = [word for word, opens in phases if any(stage["opens"] == opens for stage in venue["stages"])]
    dates = [f"{word}_{end}" for word in opening for end in ("start", "due")]
    return missing + [f"--{name.replace('_', '-')}" for name in dates if getattr(told, name) is None]


def setting_up(told: argparse.Namespace, venue: dict[str, Any]) -> list[Step]:
    """The steps that set the forms up."""
    only, made = told.only or PARTS, []
    if "submission" in only:
        made.append(asking(read(told.folder, "submission.json")))
    if "reviews" in only:
        made += [reviewing(told, stage, read(told.folder, stage["form"])) for stage in venue["stages"]]
    if "decision" in only:
        made.append(deciding(venue["decision"], read(told.folder, "decision.json")))
    return made


def asking(content: dict[str, Any]) -> Step:
    """Ask authors for the fields of the sheet."""

    def act(library: Any, venue: Any) -> None:
        authors = venue.get_authors_id("${{4/id}/number}")
        fields = filled(content, {"{venue_id}": venue.id, "{paper_authors_id}": authors})
        invitation = library.api.Invitation(id=venue.get_submission_id(), edit={"note": {"content": fields}})
        post(venue, invitation)

    hidden = sum("readers" in field for field in content.values())
    return f"add {len(content)} fields to the submission form, {hidden} of them for authors and chairs only", act


def reviewing(told: argparse.Namespace, stage: dict[str, Any], content: dict[str, Any]) -> Step:
    """Open a review stage for the submissions of a category."""
    word = "design" if stage["opens"] == "design" else "review"
    start, due = getattr(told, f"{word}_start"), getattr(told, f"{word}_due")

    def act(library: Any, venue: Any) -> None:
        venue.review_stage = library.stages.ReviewStage(
            name=stage["name"],
            child_invitations_name=stage["child"],
            source_submissions_query={"category": stage["category"]} if stage["category"] else {},
            description=stage["description"],
            additional_fields=filled(content, {"{program_chairs_id}": venue.get_program_chairs_id()}),
            remove_fields=[name for name in DEFAULT_REVIEW if name not in content],
            start_date=start,
            due_date=due,
        )
        venue.create_review_stage()

    whose = f"submissions of {stage['category']}" if stage["category"] else "all submissions"
    when = f"from {start or '(no time given)'} to {due or '(no time given)'}"
    return f"open {stage['name']} for {whose}, {len(content)} fields, as {stage['child']}, {when}", act


def deciding(decision: dict[str, Any], content: dict[str, Any]) -> Step:
    """Set up the decision form."""

    def act(library: Any, venue: Any) -> None:
        venue.decision_stage = library.stages.DecisionStage(
            options=decision["options"],
            accept_options=decision["accept_options"],
            additional_fields=filled(content, {"{program_chairs_id}": venue.get_program_chairs_id()}),
        )
        venue.create_decision_stage()

    return f"set up decisions: {', '.join(decision['options'])}; {len(content)} more fields", act


def unlocking(category: str, covered: list[str]) -> list[Step]:
    """Show reviewers what was covered in the submissions of a category."""

    def act(library: Any, venue: Any) -> None:
        for note in venue.client.get_all_notes(invitation=venue.get_submission_id()):
            shown = [name for name in covered if "readers" in note.content.get(name, {})]
            if note.content.get("category", {}).get("value") != category or not shown:
                continue
            venue.client.post_note_edit(
                invitation=venue.get_meta_invitation_id(),
                readers=[venue.id, venue.get_authors_id(note.number)],
                writers=[venue.id],
                signatures=[venue.id],
                note=library.api.Note(id=note.id, content={name: {"readers": {"delete": True}} for name in shown}),
            )
            print(f"  submission {note.number}: {', '.join(shown)}")

    return [(f"unlock {', '.join(covered)} in submissions of {category}", act)] if covered else []


def filled(content: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The same fields with the venue's groups as readers."""
    made = {}
    for name, field in content.items():
        readers = {"readers": [names.get(one, one) for one in field["readers"]]} if "readers" in field else {}
        made[name] = {**field, **readers}
    return made


def post(venue: Any, invitation: Any, replacement: bool | None = None) -> Any:
    """Post an invitation as the venue."""
    venue.client.post_invitation_edit(
        invitations=venue.get_meta_invitation_id(),
        readers=[venue.id],
        writers=[venue.id],
        signatures=[venue.id],
        replacement=replacement,
        invitation=invitation,
    )
    return invitation


def connected() -> tuple[Any, Any]:
    """The library, and the venue as OpenReview knows it."""
    library: Any = importlib.import_module("openreview")
    client = library.api.OpenReviewClient(
        baseurl=os.environ.get("OPENREVIEW_BASEURL", "https://api2.openreview.net"),
        username=os.environ.get("OPENREVIEW_USERNAME"),
        password=os.environ.get("OPENREVIEW_PASSWORD"),
        token=os.environ.get("OPENREVIEW_TOKEN"),
    )
    venue = library.venue.helpers.get_venue(client, os.environ["OPENREVIEW_VENUE_ID"])

    # The library's own way waits for logs that only OpenReview's staff may read.
    def save(invitation: Any, replacement: bool | None = None) -> Any:
        return post(venue, invitation, replacement)

    venue.invitation_builder.save_invitation = save
    return library, venue


if __name__ == "__main__":
    sys.exit(main())
