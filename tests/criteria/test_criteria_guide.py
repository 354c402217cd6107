"""What the guide shows is true: its review is one, its criteria file is in order."""

from __future__ import annotations

import re
from pathlib import Path

from whether.criteria.reading import read
from whether.criteria.review import read_review

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "criteria.md"


def test_the_guides_files_are_in_order() -> None:
    review, own = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    filled, form = read_review(review, "review.toml")
    assert filled.recommendation(form).outcome == "accept_after_fixes"
    made = read(own, "our.toml")
    assert made.ids == ("A1", "A2", "A4", "W")
    assert made["A2"].ask == "Do the limits stand in the abstract, too?"
