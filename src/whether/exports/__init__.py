"""Forms and sheets for places of review: plain values out, nothing written, nobody called.

asked.py       which fields of a sheet a place asks for, what it takes of each, what stays covered at first
openreview.py  submission fields, review stages and the decision form of OpenReview; the values of a sheet
setup_openreview.py  the script that a chair runs; it is exported as it stands and needs openreview-py only
hotcrp.py      settings of HotCRP; the values of a sheet
citation.py    CITATION.cff of a sheet, with ORCIDs
"""
