"""Duties: the compliance board of an organisation, made from the deadlines of every room, and from counts of their rows.

Nothing here is stored or counted by hand: a duty is a deadline with the members who hold the role that has to act. No
lower room imports this one.
"""
