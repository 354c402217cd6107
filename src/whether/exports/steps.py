"""The steps that a chair takes, as the README beside the exported files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OPENREVIEW = """\
# A venue on OpenReview, step by step

{what}

Nobody has tried these files on OpenReview's own servers: they were composed and checked against openreview-py.
Try them on your venue before you announce it, with one submission of each category.

1. Request the venue at openreview.net and wait until it is deployed. Ask there for {blind}.
2. `pip install openreview-py`, then say what would be done. Nobody is asked, nothing is changed:

       python setup_openreview.py

3. Add the fields of the sheet to the submission form:

       export OPENREVIEW_VENUE_ID=Example.org/2027/Conference
       export OPENREVIEW_USERNAME=you@example.org
       read -rs OPENREVIEW_PASSWORD && export OPENREVIEW_PASSWORD
       python setup_openreview.py --apply --only submission

   Or paste `submission.json` into “Additional Submission Options” of the venue's request form; then write the ids of
   your groups for `{{venue_id}}` and `{{paper_authors_id}}` first.
4. When submissions are closed and reviewers assigned, open the reviews (times are UTC):

       python setup_openreview.py --apply --only reviews {dates}

   OpenReview may refuse that a chair posts a stage's scripts. Then send its support this folder: they run that line.
{unlock}5. When reviews are in, set up decisions: `python setup_openreview.py --apply --only decision`.

## What is where

| file | what |
|---|---|
| `submission.json` | fields of the submission form |
{rows}| `decision.json` | fields added to the decision form |
| `venue.json` | stages, categories, decisions: what the script reads |

OpenReview has no conditions between fields: those of one category are optional for all, and say whose they are. It
cannot ask that a score of a criterion agrees with another. `whether criteria check` checks a filled review.
"""

_UNLOCK = """\
   Verdict, effect, cover sheet and PDF are hidden from reviewers from the start. Show them category by category:

{now}{later}
   Do it with `--apply`, after you have seen what it says.
"""

_HOTCRP = """\
# A venue on HotCRP, step by step

{what}

Nobody has tried these settings on a running HotCRP: they follow its `etc/settinginfo.json` and the parsers of its
settings in copies of 2023 to 2026, and conditions of review fields need a version of 2026. Try them on a test site
first.

1. Begin before anybody has submitted or reviewed: `rf_reset` and `decision_reset` take HotCRP's own review fields and
   decisions away, with everything that was written in them.
2. Open Settings > Advanced, paste `settings.json`, save. Uploading it again changes nothing: fields are known by name.
3. In Settings > Submissions choose how anonymous submissions are. Fields that name the authors are hidden on
   anonymous submissions.
{rounds}4. Authors can upload what `whether criteria export values SHEET --for hotcrp` prints, by HotCRP's API
   (`POST /api/paper`) or your bulk upload; then they add abstract and files.

HotCRP cannot ask that evidence is filled in, nor limit how long a text is. `whether criteria check` checks both.
"""

_ROUNDS = """\
   In Settings > Reviews let PC members see reviews only after their own (“after review”): else all of them see what is
   covered.
   {assign} Reviewers in the round `design` first see neither verdict nor
   paper; both open when their review of the design is submitted. Then move these reviews on, by
   Assignments > Bulk update:

       paper,action,user,round
       12,review,reviewer@example.org,design:result

   HotCRP has one review for each reviewer and paper, so scores of the design can still be changed in the second round;
   its history of the review keeps the first ones.
"""


def openreview_steps(venue: Mapping[str, Any]) -> str:
    """README.md beside the files for OpenReview.

    Args:
        venue: what `venue.json` says.
    """
    covered = [stage["category"] for stage in venue["stages"] if stage["opens"] == "design"]
    of_all = "" in covered
    later = [one for one in venue["categories"] if of_all or one in covered]
    now = [one for one in venue["categories"] if one not in later]
    dates = ["--review-start 2027-03-15T00:00", "--review-due 2027-04-05T23:59"]
    if covered:
        dates = ["--design-start 2027-03-01T00:00", "--design-due 2027-03-14T23:59", *dates]
    rows = "".join(f"| `{stage['form']}` | {_stage(stage)} |\n" for stage in venue["stages"])
    unlock = _UNLOCK.format(
        now="".join(f"   - at once: `python setup_openreview.py --unlock {one}`\n" for one in now),
        later="".join(f"   - when its design reviews are in: `… --unlock {one}`\n" for one in later),
    )
    return _OPENREVIEW.format(
        what=_made_for(venue["categories"]),
        blind="double-blind reviewing, if you want it",
        dates=" \\\n           ".join(["", *dates]).lstrip(),
        unlock=unlock if venue["covered"] else "",
        rows=rows,
    )


def hotcrp_steps(categories: tuple[str, ...], covered: tuple[str, ...]) -> str:
    """README.md beside the settings for HotCRP.

    Args:
        categories: of the venue.
        covered: those whose reviewers judge the design before the verdict.
    """
    some = f"Assign reviewers to submissions of {' and '.join(covered)} in the round `design`, to others in `result`."
    all_of_them = "Assign all reviewers in the round `design`."
    rounds = _ROUNDS.format(assign=all_of_them if len(covered) == len(categories) else some) if covered else ""
    return _HOTCRP.format(what=_made_for(categories), rounds=rounds)


def _made_for(categories: tuple[str, ...] | list[str]) -> str:
    return (
        f"Forms for {', '.join(categories)}, made by `whether criteria export`. Each file is plain and can be edited."
    )


def _stage(stage: Mapping[str, Any]) -> str:
    whose = stage["category"] or "all categories"
    return f"review form of {whose}{', before the verdict is shown' if stage['opens'] == 'design' else ''}"
