"""Agreements: what an owner granted and a consumer accepted, and the states an agreement passes through.

Nothing in an agreement changes but its state: active ⇄ suspended; either → terminated, or expired when its time is
over. The database refuses any other change. A narrower or wider grant is a new agreement.
"""
