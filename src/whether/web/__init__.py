"""The lab in a browser, read-only and on this machine only.

    app.py       create_app: the pages put together         view.py    what of the lab is shown, read once and kept
    guard.py     what is let in, and the headers of all     judged.py  answers as far as the ledger witnesses them
    server.py    an address on this machine, and its end    stored.py  files read as long as they are the same
    *_pages.py   `routes(view, render)`: pages of a kind    drawn.py   stored figures made safe, and their data

Pages are made on the server and read without scripts. Nothing is written, and no torch is imported.
"""
