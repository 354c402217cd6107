"""The only owner of bytes in a lab.

`Store.find` opens a lab; its attributes are its parts. `verify` checks every byte, `clean` makes room, `quarantine`
sets a damaged piece aside. What a lab holds and where is drawn in `layout`.
"""

from whether.store.answers import AnswerFolder, Answers
from whether.store.clean import Freed, clean, quarantine
from whether.store.finding import Finding
from whether.store.folder import Store
from whether.store.ledger import Entry, Ledger
from whether.store.numbers import floats, number, numbers, plain
from whether.store.profiles import Profiles
from whether.store.records import Records
from whether.store.states import States
from whether.store.verify import verify
from whether.store.work import Work

__all__ = [
    "AnswerFolder",
    "Answers",
    "Entry",
    "Finding",
    "Freed",
    "Ledger",
    "Profiles",
    "Records",
    "States",
    "Store",
    "Work",
    "clean",
    "floats",
    "number",
    "numbers",
    "plain",
    "quarantine",
    "verify",
]
