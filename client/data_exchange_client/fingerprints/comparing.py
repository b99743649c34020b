"""Comparing a disputed copy with a fingerprint: the schema, the rows in common, the partitions that are whole."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from data_exchange_client.fingerprints.fingerprint import (
    ROW_BYTES,
    Digester,
    open_file,
    read,
    read_sorted,
    spread,
)
from data_exchange_client.fingerprints.rows import open_table


@dataclass(frozen=True, slots=True)
class Comparison:
    """What of a copy is deposited.

    `common` counts rows that both have, each as often as both have it. `whole` counts partitions of which the copy has
    every row, of those that have rows. `values` has for each common column how many of the sampled values occur in the
    copy, and how many were sampled.
    """

    deposited: int
    copied: int
    common: int
    partitions: int
    whole: int
    lacking: tuple[str, ...]
    added: tuple[str, ...]
    values: Mapping[str, tuple[int, int]]


def compare(fingerprint: Path, copy: Path) -> Comparison:
    """Compare a copy (CSV or Parquet) with a fingerprint, in flat memory. Raises TableUnreadable.

    Rows are compared by the columns that the fingerprint has: others of the copy are left out. A copy that lacks a
    column has no row in common; its values show what it has.
    """
    head = read(fingerprint)
    with (
        open_table(copy) as table,
        tempfile.TemporaryDirectory() as directory,
        open_file(fingerprint) as (_, deposited),
    ):
        lacking = tuple(sorted(head.columns.keys() - set(table.columns)))
        added = tuple(sorted(set(table.columns) - head.columns.keys()))
        kept = tuple(name for name in table.columns if name in head.columns)
        places = [table.columns.index(name) for name in kept]
        digester = Digester(head.salt, kept)
        sampled = {name: set(map(bytes.fromhex, head.columns[name])) for name in kept}
        seen: dict[str, set[bytes]] = {name: set() for name in kept}
        copied = 0

        def digests() -> Iterator[bytes]:
            nonlocal copied
            for row in table.rows:
                copied += 1
                values = [row[place] for place in places]
                for name, value in zip(kept, values, strict=True):
                    digest = digester.value(name, value)
                    if digest in sampled[name]:
                        seen[name].add(digest)
                yield digester.row(values)

        files = spread(digests(), Path(directory))
        common = whole = 0
        for path, (rows, _root) in zip(files, head.partitions, strict=True):
            own = Counter(deposited.read(ROW_BYTES) for _ in range(rows))
            shared = (own & Counter(read_sorted(path))).total()
            common += shared
            whole += bool(rows) and shared == rows
    return Comparison(
        deposited=head.rows,
        copied=copied,
        common=common,
        partitions=sum(bool(rows) for rows, _ in head.partitions),
        whole=whole,
        lacking=lacking,
        added=added,
        values={name: (len(seen[name]), len(sampled[name])) for name in sorted(kept)},
    )
