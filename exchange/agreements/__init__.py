"""Agreements: what an owner granted and a consumer accepted, and the states an agreement passes through.

Nothing in an agreement's row changes but its state: active ⇄ suspended; either → terminated, or expired when its time is
over. The database refuses any other change. Its owner may narrow it, by a row of its own; a wider grant is a new
agreement. The terms under which it was concluded are part of it.
"""
