"""What stands where in a bundle.

    README.md                 what this is, how to check it with and without Whether
    manifest-sha256.txt       the SHA-256 of every other file; `sha256sum -c` reads it
    bundle.json               which answer it is of, and what was left out
    ro-crate-metadata.json    the same for machines: RO-Crate 1.3, one action for each run
    lab/                      a small lab: the whole ledger, the records that the answer rests on, the answer's folder
    cover/                    the cover sheet
    question/                 question.json: name, options, seed; beside it the code of one's own that it names
    results/                  runs.csv, runs.parquet: every run
    croissant.json            what the columns of these tables mean
    environment.txt           what was installed

There is no folder around these: what reads crates expects the metadata at the top.
"""

from __future__ import annotations

FORMAT = 1

README = "README.md"
MANIFEST = "manifest-sha256.txt"
ABOUT = "bundle.json"
CRATE = "ro-crate-metadata.json"
CROISSANT = "croissant.json"
ENVIRONMENT = "environment.txt"
LAB = "lab/"
COVER = "cover/"
QUESTION = "question/"
QUESTION_FILE = "question/question.json"
RESULTS = "results/"
RUNS_CSV = "results/runs.csv"
RUNS_PARQUET = "results/runs.parquet"


_FILES = (README, MANIFEST, ABOUT, CRATE, CROISSANT, ENVIRONMENT, QUESTION_FILE, RUNS_CSV, RUNS_PARQUET)
_KEPT = ("ledger/", "records/", "states/", "profiles/")


def has_a_place(name: str, folder: str) -> bool:
    """Whether a file belongs into a bundle.

    Args:
        name: of the file.
        folder: the name of the answer's folder.

    Example:
        >>> has_a_place("lab/answers/signs-0123abcd/report.html", "signs-0123abcd")
        True
        >>> has_a_place("lab/answers/other-0123abcd/report.html", "signs-0123abcd")
        False
    """
    inside = (COVER, QUESTION, f"{LAB}answers/{folder}/", *(LAB + part for part in _KEPT))
    return name in _FILES or name == f"{LAB}lab.json" or name.startswith(inside)
