"""Categories and criteria: by what a work is judged, in one declarative file for each category (`files/`).

form.py        a form in plain values; `load` by name or from a chair's own file
reading.py     a criteria file, checked
recommend.py   the rule from scores to a recommendation
review.py      a filled review, read and checked
pages.py       forms as static HTML; pages_text.py as Markdown and PDF
"""
