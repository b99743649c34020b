"""The portal: what a person does whom the data is about. People are no members of organisations; they sign in.

An account belongs to a person at one identity provider. Its identities are the identifiers by which owners know the
person: each belongs to at most one account, and a verifier has checked it. Sessions are rows; a cookie holds a random
token, the database its digest. An act of a person is on the ledger under the person's pseudonym, with the level and the
method of the evidence, never with a name.
"""
