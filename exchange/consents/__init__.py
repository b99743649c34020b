"""Consents: what people are asked, what they decided, and who may be delivered under which notice at this moment.

A notice fixes everything that a consent is about: owner, dataset, recipient, purpose, fields, retention. It never changes;
another purpose, recipient or field is another notice. Each notice has a scope: a number, with the people who may be
delivered now. A consent is one person's record under one notice; its events are added and never edited. Giving and ending
change record, scope and ledger in one transaction. An ending advances the scope's epoch, which running deliveries read.
"""
