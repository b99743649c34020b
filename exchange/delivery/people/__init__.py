"""The people whose rows a delivery releases: only those who consent, row by row, and the set of them in its entry."""
