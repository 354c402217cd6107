"""The lab in a browser, read-only and on this machine only.

    app.py       create_app: the pages put together         view.py    what of the lab is shown, read once and kept
    guard.py     what is let in, and the headers of all     judged.py  answers as far as the ledger witnesses them
    server.py    an address on this machine, and its end    stored.py  files read as long as they are the same
    *_pages.py   `routes(view, render)`: pages of a kind    files.py   what is handed out; drawn.py makes figures safe

What the pages say, as plain values: rows.py (lists of questions), live.py (who works; feed.py tells it on), compare.py,
search.py with findable.py, graph.py with graph_rounds.py and graph_layout.py (the history of a network), measured.py.
Drawings: graph_svg.py, compare_svg.py, curve.py, and what they share in svg.py.

Pages are made on the server and read without scripts. Nothing is written, and no torch is imported.
"""
