"""Tasks: what a network's outputs are to say, and how far off they are.

task.py     Task, find              what every task can tell, and the one of a name
kinds.py    Classification, …       cross-entropy, cross-entropy by position, squared error, a loss of one's own
"""
