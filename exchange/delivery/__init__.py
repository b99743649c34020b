"""Delivery: answers requests for data: one governed release of a dataset's records under an agreement.

A request passes four stages (`stages.py`), each a value that holds the one before: asked, known, decided, planned. The
answer is a page (`paging.py`) or a stream (`streaming.py`). A refusal states whatever stage was reached.

Facts are cached only while the ledger's fence stands where they were read. The ledger compares the fence again under
the lock that orders the entry, so no answer leaves on facts that ended before it.
"""
