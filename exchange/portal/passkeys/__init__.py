"""Passkeys of people: after a sign-in, or a proof at a desk, a person registers some and signs in with one next time.

A challenge is a row that counts once, for minutes, for one purpose and one browser or account. A passkey proves that the same
person is back, never who the person is: that is what bindings are for.
"""
