"""One-time codes: a person shows a service window chosen answers about themselves, once, for minutes.

A code is bound to one recipient organisation, one purpose and the answers that the person chose. The database has its digest,
and the person's identifier sealed until the code ends. The recipient redeems it with a signed request: the answers are
decided and computed at that moment, as any others are. A code that is used, ended or another organisation's is unknown.

States: issued, then redeemed, revoked (by the person, or with an erasure) or expired.
"""
