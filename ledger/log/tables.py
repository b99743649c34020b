"""The ledger's tables. They have no foreign keys, so no change elsewhere can delete an entry.

`ledger_entry` is the record, `ledger_head` the one row that orders it; tiles and checkpoints are derived from it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"})

# The end of the log: number of entries, leaf hash of the last one, the fence (see ledger.log.store), the ledger's
# incarnation, and the reason of a halt (see ledger.log.continuity). Read through ledger.log.head.
head = Table(
    "ledger_head",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="single"), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("incarnation", SmallInteger, nullable=False, server_default="1"),
    Column("halted", Text),
)

# The hashed bytes, never serialised again. The key has no gaps: two writers cannot use the same index.
entry = Table(
    "ledger_entry",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)

# Details about a subject, encrypted under the subject's key; the entry has their commitment. Unlike entries, these rows
# can be deleted.
sealed = Table(
    "ledger_sealed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", LargeBinary, primary_key=True),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Index("ix_ledger_sealed_subject_seq", "subject", "seq"),
)

# The people in an answer, beside its entry: the sealed seed of the commitment, its number of buckets (in former entries, the
# number of people in a piece), the length of the bitmap in bytes, and the number of rows that were withheld. `bits` is the
# bitmap, unless its people are few: then they are rows of `person`.
people = Table(
    "ledger_people",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("size", Integer),
    Column("withheld", BigInteger),
    Column("width", Integer),
    Column("bits", LargeBinary),
    Column("buckets", Integer),
)

person = Table(
    "ledger_person",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_ledger_person_seq", "seq"),
)

# The entries of each account, by their number in its chain (see ledger.billing.accounts).
account = Table(
    "ledger_account",
    metadata,
    Column("account", Uuid, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# Used nonces, until the requests they belong to have expired.
nonce = Table(
    "ledger_once",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("ix_ledger_once_expires_at", "expires_at"),
)

# The tree's tiles, complete up to the last checkpoint; the right edge grows in place, so a partial tile is a prefix.
tile = Table(
    "ledger_tile",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

# Announcements of the rotations of the exchange's own keys. The record is the entries that have them.
rotation = Table(
    "ledger_rotation",
    metadata,
    Column("purpose", String(8), primary_key=True),
    Column("incarnation", SmallInteger, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("statement", Text, nullable=False),
)

checkpoint = Table(
    "ledger_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
)

# Timestamps over checkpoints, as RFC 3161 responses.
timestamp = Table(
    "ledger_timestamp",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("token", LargeBinary, nullable=False),
    Column("stamped_at", DateTime(timezone=True), nullable=False),
)
