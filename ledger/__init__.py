"""What happened: entries, the hash chain and the Merkle tree over them, and their verification."""
