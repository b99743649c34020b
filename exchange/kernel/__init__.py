"""The kernel: database, clock, identifiers, problems, logs, loops, runtime, and the unit of work of all rooms.

It contains no business words and imports no room.
"""
