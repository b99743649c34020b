"""Loading: consents by the million from a file, each with its proof, resumed after a kill, and on the ledger by their root.

The file is read as it arrives: each row becomes a look-up in the staging table, and its identifier is kept nowhere. The
entry has the digest of the file and the root of the Merkle tree over its valid rows. A loop then merges the staged rows into
the records, a batch a transaction.
"""
