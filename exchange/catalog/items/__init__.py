"""Items of the catalogue: what is available already, so that nobody collects it again, and which department is its source.

Decree 809, Article 19: what sharing can provide is not collected a second time; where several departments collect an item,
the authority names the source department (数源部门).
"""
