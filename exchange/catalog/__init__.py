"""The catalogue: datasets described over sources, the terms under which they are offered, DCAT and ODRL.

A dataset is draft → published (version 1, 2, …) → withdrawn, or draft → discarded; then its handle is free again. A
published version never changes: the next one is drafted beside it. A dataset's level is at least the highest of its
fields' levels (GB/T 43697-2024). A dataset that is not shared cites the law that forbids sharing it (Decree 809, Article
15).
"""
