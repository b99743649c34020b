"""Where datasets come from: the datasets that each version is derived from, and the graph of them as a reader may see it."""
