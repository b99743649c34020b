"""Participants: the organisations that joined, the people and systems that act for them, their keys and roles.

Organisation: registered → admitted ⇄ suspended; any of them → departed, which is final. A principal (member or system)
is active or suspended. A key is registered (not yet valid), active, ended or revoked; keys are never deleted, so that the
past entries of a revoked key stay verifiable. Invariant: a principal acts for exactly one organisation.
"""
