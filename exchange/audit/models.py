"""The index by which entries are found; private to this room. It follows from the entries and proves nothing.

`filling` is the statement that derives its rows inside the database, so that no process which answers requests spends time
on it. Every column is the text that the entry has at that place. Two follow from other entries, of former incarnations
too: `owner`, whose thing an entry is about (a dataset or source is its first drafter's or registrant's, an application,
agreement or delivery its dataset's owner's, a member, system or key its organisation's), and `consumer`, who asks, is
granted or receives. `subjects` are the pseudonyms of the people it names.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from exchange.kernel.database import Base

# "C" compares bytes: RFC 3339 times of one form sort by time, and a prefix is a range.
_Plain = Text(collation="C")

_BEGINNINGS = "'dataset.drafted', 'source.registered', 'member.enrolled', 'system.enrolled', 'application.submitted'"
FOUND_BY = (
    "type", "organisation", "principal", "key", "object_kind", "object_id", "dataset", "agreement", "owner", "consumer",
    "lane", "purpose", "problem",
)  # fmt: skip
"""The columns that are searched for a value; each has an index, of one column, since equal values then share their space:
a third of the size and half the work of one that goes on in the order of the ledger.
"""


class IndexRow(Base):
    """One entry, by what people look for. `problem` is there where the entry is a refusal."""

    __tablename__ = "ledger_index"
    __table_args__ = (
        *(
            Index(f"ix_ledger_index_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))
            for column in FOUND_BY
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


_COLUMNS = ("seq", "at", *FOUND_BY, "subjects")

# $1 <= seq < $2. `ledger_body` gives null for bytes that are not what was hashed: such an entry is in the index by its
# place alone, and reading it says so. A row that is right already is not written again.
_FILL = f"""
WITH parsed AS MATERIALIZED (
    SELECT seq, ledger_body(leaf, leaf_hash) AS body FROM ledger_entry WHERE seq >= $1 AND seq < $2
), said AS MATERIALIZED (
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
), told AS MATERIALIZED (
    SELECT *, coalesce(dataset, body->>'principal', object_id) AS thing,
        CASE WHEN type IN ('dataset.drafted', 'source.registered') THEN organisation
            WHEN type IN ('member.enrolled', 'system.enrolled') THEN body->>'organisation'
            WHEN object_kind = 'organisation' THEN object_id END AS own,
        CASE WHEN type = 'application.submitted' OR type LIKE 'delivery.%%' THEN organisation
            ELSE body->>'consumer' END AS asking
    FROM said
), owned AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id, seq, own FROM told
    WHERE type IN ({_BEGINNINGS}) AND own IS NOT NULL ORDER BY object_id, seq
), applied AS MATERIALIZED (
    SELECT DISTINCT ON (object_id) object_id, seq, asking FROM told
    WHERE type = 'application.submitted' AND asking IS NOT NULL ORDER BY object_id, seq
), found AS (
    SELECT told.*, coalesce(told.own, earlier.owner, owned.own%(owner)s) AS owner,
        coalesce(told.asking, asked.consumer, applied.asking%(consumer)s) AS consumer
    FROM told
    LEFT JOIN owned ON owned.object_id = told.thing AND owned.seq <= told.seq
    LEFT JOIN applied ON told.object_kind = 'application' AND applied.object_id = told.object_id
        AND applied.seq <= told.seq
    LEFT JOIN LATERAL (
        SELECT owner FROM ledger_index i WHERE i.object_id = told.thing AND i.type IN ({_BEGINNINGS})
        AND i.owner IS NOT NULL AND i.seq < $1 ORDER BY i.seq LIMIT 1
    ) earlier ON true
    LEFT JOIN LATERAL (
        SELECT consumer FROM ledger_index i WHERE i.object_id = told.object_id AND i.type IN ({_BEGINNINGS})
        AND i.consumer IS NOT NULL AND i.seq < $1 ORDER BY i.seq LIMIT 1
    ) asked ON told.object_kind = 'application'
)
INSERT INTO ledger_index ({", ".join(_COLUMNS)}) SELECT {", ".join(_COLUMNS)} FROM found ORDER BY seq
ON CONFLICT (seq) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS[1:])}
WHERE ({", ".join(f"ledger_index.{column}" for column in _COLUMNS)})
    IS DISTINCT FROM ({", ".join(f"excluded.{column}" for column in _COLUMNS)})
"""  # noqa: S608 - put together from the names of columns
# What stands in the indexes of former incarnations is asked for where the present one has nothing.
_FORMER = (
    "(SELECT i.{column} FROM ledger_{number}.ledger_index i WHERE i.object_id = told.{thing} "  # noqa: S608 - names
    f"AND i.type IN ({_BEGINNINGS}) AND i.{{column}} IS NOT NULL ORDER BY i.seq LIMIT 1)"
)


def filling(former: Sequence[int]) -> str:
    """The statement that indexes the entries $1 <= seq < $2, where these former incarnations of the ledger are there."""
    owner = "".join(f", {_FORMER.format(column='owner', thing='thing', number=one)}" for one in former)
    consumer = "".join(
        f", CASE WHEN told.object_kind = 'application' "
        f"THEN {_FORMER.format(column='consumer', thing='object_id', number=one)} END"
        for one in former
    )
    return _FILL % {"owner": owner, "consumer": consumer}
