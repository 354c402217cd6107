"""The catalogue: one file per question, and how a question is found by its name (`find`).

A question of the catalogue is a Template in a file named after it: `lottery-ticket` is in `lottery_ticket.py`.
"""
