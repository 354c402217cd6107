"""The cover sheet: on one page what is claimed and how far to trust it.

    fields.py     the fields of a sheet, who fills each, and how      sheet.py     a Sheet: each field with its state
    schema.py     the JSON Schema of cover.json (schema.json)         reading.py   a cover.json that is handed in

    filled.py     the sheet of an answer, from its evidence           filled_*.py  what is said in each field
    words.py      what somebody writes in a field                     questions.py what a file asks for
    hand.py       what an answer's author says, in a file             asked.py     what an author is still asked
    elsewhere.py  the sheet of work done elsewhere                    claims.py    its claims
    form.py       its questions as a file, as a page                  keeping.py   words that stay with their answer

    page.py       what stands where                                   axis.py      the axis of the verdict
    render.py     a sheet in all its forms                            text.py      in a few lines

Plain values without torch. Whatever makes a sheet gives a `Sheet`, and whatever shows one takes a `Sheet`.
"""
