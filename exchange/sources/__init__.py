"""Sources: where data lives. They are registered, described, read through adapters, and withdrawn.

A source is registered → ready (its data was described) → withdrawn. The kinds of source are objects that the app passes
in (`adapters.kind.Kind`); this room knows none of them by name.
"""
