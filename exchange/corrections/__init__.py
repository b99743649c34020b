"""Corrections (校核): a consumer states that data is wrong, its owner answers in 10 working days (Decree 809, Article 26).

People whose records are wrong are named by sealed identifiers that only both sides read, and that end with the matter. On a
correction, every consumer that has the fields is told in the same transaction.
"""
