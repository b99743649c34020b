"""Sources: the files and tables where owners keep data; registered, described, read through adapters, withdrawn.

A source is registered → ready (its data was described) → withdrawn. The kinds of source are objects that the app passes
in (`adapters.kind.Kind`); this room knows none of them by name.
"""
