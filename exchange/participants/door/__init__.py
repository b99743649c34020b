"""The door: authenticates every request that acts for somebody, and signs the answer.

Each way in uses the one sequence of `admit.py`: read the evidence, look the caller up, check times, coverage, key,
signature, body, media type, standing and nonce. What differs between ways in is a `Way`; where key and nonce are looked
up is a function that the way passes.

`evidence.py` has the stages of a request's claim, and the kinds of evidence, of which every act leaves one on the ledger:

- `Signature`: an HTTP message signature (RFC 9421) by a registered key; `signed.py` has its checks.
- `Founding`: the one act that has none, since nobody has a key yet.

A further kind is a class in `evidence.py` with the fields that it adds to an entry, and a file of checks beside
`signed.py`: a person's session (`session.py`), whose evidence is the passkey's assertion over the digest of the act, or
a bearer token (`bearer.py`) that another protocol brings. `Way` then says which kinds a route takes.
"""
