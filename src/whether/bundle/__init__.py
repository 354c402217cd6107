"""The evidence bundle: one archive with everything that an answer rests on, which anybody can check.

    places.py     what stands where in it
    contents.py   gathers it from a lab and writes it
    withheld.py   what of a record stays at home: names of machines and paths
    source.py     the question's own code
    crate.py      its description as an RO-Crate, one action for each run
    croissant.py  its tables, described for machines
    readme.py     what its first reader reads
    archive.py    a bundle that is read: `opened`
    check.py      whether it says what its evidence says; check_follows.py: what is made anew and compared
    again.py      which of its runs are made again, and training them
    reproduced.py what came of it, by agreement.py: where the original lets it be expected

Plain values and bytes without torch; what is written goes into a file that the caller hands in.
"""
