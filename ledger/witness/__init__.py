"""A witness (c2sp.org/tlog-witness): another party's small server that cosigns a log's checkpoints.

For each log it trusts, it stores the newest checkpoint that it cosigned, and cosigns the next one only with a proof that
it continues that. So a log that shows different histories to different people cannot have both cosigned. A witness shares
no code with the exchange, and needs none of the server's libraries.
"""
