"""The only owner of bytes in a lab.

`Store.find` opens a lab; its attributes are its parts. `verify` checks every byte, `clean` makes room, `quarantine`
sets a damaged piece aside, `merge` carries what one lab has into another. What a lab holds and where is drawn in
`layout`.
"""

from whether.store.adoption import Merged
from whether.store.answers import AnswerFolder, Answers
from whether.store.claims import Claimant, Claims
from whether.store.clean import Freed, clean, quarantine
from whether.store.finding import Finding
from whether.store.folder import Store
from whether.store.ledger import Entry, Ledger
from whether.store.merge import merge
from whether.store.numbers import floats, number, numbers, plain
from whether.store.profiles import Profiles
from whether.store.reach import Far, Near, lab_at
from whether.store.records import Records
from whether.store.states import States
from whether.store.verify import verify
from whether.store.work import Work

__all__ = [
    "AnswerFolder",
    "Answers",
    "Claimant",
    "Claims",
    "Entry",
    "Far",
    "Finding",
    "Freed",
    "Ledger",
    "Merged",
    "Near",
    "Profiles",
    "Records",
    "States",
    "Store",
    "Work",
    "clean",
    "floats",
    "lab_at",
    "merge",
    "number",
    "numbers",
    "plain",
    "quarantine",
    "verify",
]
