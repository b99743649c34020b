"""Numbers of many people at once: the directory in memory, and the numbers of the rows of files."""
