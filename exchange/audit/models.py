"""The index of entries; private to this room. It is derived from the entries and proves nothing.

The database derives its rows with the statement of `filling`, so processes that answer requests spend no time on it. A
column holds the text of the entry's member, but two follow from other entries, also of former incarnations:

- `owner` is the owner of the object: the first drafter of a dataset, the registrant of a source, the owner of the
  dataset of an application, agreement or delivery, the organisation of a member, system or key.
- `consumer` applies, is granted or receives.

`subjects` are the pseudonyms of the people that the entry names.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

# "C" compares bytes: RFC 3339 times of one form sort by time, and a prefix is a range.
_Plain = Text(collation="C")

_BEGINNINGS = "'dataset.drafted', 'source.registered', 'member.enrolled', 'system.enrolled', 'application.submitted'"
SEARCHED = (
    "type", "organisation", "principal", "key", "object_kind", "object_id", "dataset", "agreement", "owner", "consumer",
    "lane", "purpose", "problem",
)  # fmt: skip
"""The columns that are searched by value. Each has an index of one column, where equal values share their space: a
third of the size, and half the work, of an index that also holds the ledger's order.
"""


class IndexRow(Base):
    """One entry, by the values that people search. Only a refusal has a `problem`."""

    __tablename__ = "ledger_index"
    __table_args__ = (
        *(
            Index(f"ix_ledger_index_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in SEARCHED
        ),
        Index(
            "ix_ledger_index_subjects",
            "subjects",
            postgresql_using="gin",
            postgresql_where=text("subjects IS NOT NULL"),
        ),
        Index("ix_ledger_index_at", "at", postgresql_using="brin"),
        Index("ix_ledger_index_beginnings", "object_id", "seq", postgresql_where=text(f"type IN ({_BEGINNINGS})")),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[str | None] = mapped_column(_Plain)
    type: Mapped[str | None] = mapped_column(_Plain)
    organisation: Mapped[str | None] = mapped_column(_Plain)
    principal: Mapped[str | None] = mapped_column(_Plain)
    key: Mapped[str | None] = mapped_column(_Plain)
    object_kind: Mapped[str | None] = mapped_column(_Plain)
    object_id: Mapped[str | None] = mapped_column(_Plain)
    dataset: Mapped[str | None] = mapped_column(_Plain)
    agreement: Mapped[str | None] = mapped_column(_Plain)
    owner: Mapped[str | None] = mapped_column(_Plain)
    consumer: Mapped[str | None] = mapped_column(_Plain)
    lane: Mapped[str | None] = mapped_column(_Plain)
    purpose: Mapped[str | None] = mapped_column(_Plain)
    problem: Mapped[str | None] = mapped_column(_Plain)
    subjects: Mapped[list[str] | None] = mapped_column(ARRAY(_Plain))


_COLUMNS = ("seq", "at", *SEARCHED, "subjects")

# Derives the rows $1 <= seq < $2. `ledger_body` gives null for altered bytes: such an entry is indexed by its position
# alone, and whoever reads it gets an error. A row that is right already is not written again.
_FILL = f"""
WITH parsed AS MATERIALIZED (
    SELECT seq, ledger_body(leaf, leaf_hash) AS body FROM ledger_entry WHERE seq >= $1 AND seq < $2
), fields AS MATERIALIZED (
    SELECT seq, body, body->>'at' AS at, body->>'type' AS type, body#>>'{{actor,organisation}}' AS organisation,
        body#>>'{{actor,principal}}' AS principal, body#>>'{{actor,key}}' AS key,
        body#>>'{{object,kind}}' AS object_kind, body#>>'{{object,id}}' AS object_id,
        body->>'lane' AS lane, body->>'purpose' AS purpose, body->>'problem' AS problem,
        CASE WHEN body#>>'{{object,kind}}' = 'dataset' THEN body#>>'{{object,id}}' ELSE body->>'dataset' END AS dataset,
        CASE WHEN body#>>'{{object,kind}}' = 'agreement' THEN body#>>'{{object,id}}'
            ELSE body->>'agreement' END AS agreement,
        CASE WHEN body#>>'{{object,kind}}' = 'subject' THEN ARRAY[body#>>'{{object,id}}']
            WHEN jsonb_typeof(body->'subjects') = 'array'
            THEN ARRAY(SELECT jsonb_array_elements_text(body->'subjects')) END AS subjects
    FROM parsed
), entries AS MATERIALIZED (
    SELECT *, coalesce(dataset, body->>'principal', object_id) AS thing,
        CASE WHEN type IN ('dataset.drafted', 'source.registered') THEN organisation
            WHEN type IN ('member.enrolled', 'system.enrolled') THEN body->>'organisation'
            WHEN object_kind = 'organisation' THEN object_id END AS own,
        CASE WHEN type = 'application.submitted' OR type LIKE 'delivery.%%' THEN organisation
            ELSE body->>'consumer' END AS asking
    FROM fields
), owned AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id, seq, own FROM entries
    WHERE type IN ({_BEGINNINGS}) AND own IS NOT NULL ORDER BY object_id, seq
), applied AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id, seq, asking FROM entries
    WHERE type = 'application.submitted' AND asking IS NOT NULL ORDER BY object_id, seq
), derived AS (
    SELECT entries.*, coalesce(entries.own, earlier.owner, owned.own%(owner)s) AS owner,
        coalesce(entries.asking, application.consumer, applied.asking%(consumer)s) AS consumer
    FROM entries
    LEFT JOIN owned ON owned.object_id = entries.thing AND owned.seq <= entries.seq
    LEFT JOIN applied ON entries.object_kind = 'application' AND applied.object_id = entries.object_id
        AND applied.seq <= entries.seq
    LEFT JOIN LATERAL (
        SELECT owner FROM ledger_index i WHERE i.object_id = entries.thing AND i.type IN ({_BEGINNINGS})
        AND i.owner IS NOT NULL AND i.seq < $1 ORDER BY i.seq LIMIT 1
    ) earlier ON true
    LEFT JOIN LATERAL (
        SELECT consumer FROM ledger_index i WHERE i.object_id = entries.object_id AND i.type IN ({_BEGINNINGS})
        AND i.consumer IS NOT NULL AND i.seq < $1 ORDER BY i.seq LIMIT 1
    ) application ON entries.object_kind = 'application'
)
INSERT INTO ledger_index ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM derived ORDER BY seq
ON CONFLICT (seq) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[1:])}
WHERE ({", ".join(f"ledger_index.{column}" for column in _COLUMNS)})
    IS DISTINCT FROM ({", ".join(f"excluded.{column}" for column in _COLUMNS)})
"""  # noqa: S608 - composed of column names
# Rows of former incarnations count where the present one has none.
_FORMER = (
    "(SELECT i.{column} FROM ledger_{number}.ledger_index i WHERE i.object_id = entries.{thing} "  # noqa: S608 - names
    f"AND i.type IN ({_BEGINNINGS}) AND i.{{column}} IS NOT NULL ORDER BY i.seq LIMIT 1)"
)


def filling(former: Sequence[int]) -> str:
    """The statement that indexes the entries $1 <= seq < $2; `former` are the former incarnations in the database."""
    owner = "".join(f", {_FORMER.format(column='owner', thing='thing', number=number)}" for number in former)
    consumer = "".join(
        f", CASE WHEN entries.object_kind = 'application' "
        f"THEN {_FORMER.format(column='consumer', thing='object_id', number=number)} END"
        for number in former
    )
    return _FILL % {"owner": owner, "consumer": consumer}
