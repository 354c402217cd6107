"""Categories and criteria: by what a work is judged, in one declarative file for each category (`files/`).

form.py        a form in plain values; `load` by name or from a chair's own file
reading.py     a criteria file, checked (schema.py)
recommend.py   the rule from scores to a recommendation
blank.py       a review to fill in with any editor
review.py      a filled review, read (review_schema.py) and checked (review_checks.py)
pages.py       forms as static HTML; pages_text.py as Markdown and PDF
"""
