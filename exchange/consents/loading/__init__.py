"""Loading: consents by the million from a file, each with its proof, resumed after a kill, and on the ledger by their root.

The file is read as it arrives: each row becomes a look-up in the staging table. Its identifier is kept nowhere, but sealed
where a recipient has to learn who withdrew. The entry has the digest of the file and the root of the Merkle tree over its
valid rows. A loop then merges the staged rows into the records, a batch a transaction; what withdrawals of a batch end has
one entry.
"""
