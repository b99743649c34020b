"""The catalogue: sources where data lives, datasets described over them, and the terms under which they are offered.

Source: registered → ready (a file was read, or a table was found) → withdrawn. Dataset: draft → published (version 1,
2, …) → withdrawn. A published version never changes: the next one is drafted beside it. A dataset's level is at least
the highest of its fields' levels (GB/T 43697-2024), and a dataset that is not shared says which law forbids it (Decree
809, Article 15).
"""
