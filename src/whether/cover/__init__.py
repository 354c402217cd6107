"""The cover sheet: on one page what is claimed and how far to trust it.

    fields.py    the fields of a sheet, who fills each, and how
    sheet.py     a Sheet: for each field what is said, and in which of three states

Plain values without torch. Whatever makes a sheet gives a `Sheet`, and whatever shows one takes a `Sheet`.
"""
