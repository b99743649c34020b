"""What every room stands on: settings, database, clock, identifiers, problems, the unit of work.

No business words live here, and nothing here imports a room.
"""
