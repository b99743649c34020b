"""A witness (c2sp.org/tlog-witness): another party's small server that cosigns a log's checkpoints while they grow.

It keeps, for each log it was told of, the newest checkpoint it cosigned, and cosigns the next one only when a proof shows
that it continues that. So a log that shows different histories to different people cannot have both cosigned. It shares
no code with the exchange but this package's own, and needs none of the server's libraries.
"""
