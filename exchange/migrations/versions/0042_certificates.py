"""Certificates of records of rights, and the versions of records that they state.

Revision: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("rights_records", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("list", sa.Integer(), nullable=False),
        sa.Column("bit", sa.Integer(), nullable=False),
        sa.Column("issued_at", _TIME, nullable=False),
        sa.CheckConstraint("list > 0 AND bit >= 0 AND bit < 131072", name=op.f("ck_certificates_place")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["rights_records.id"], name=op.f("fk_certificates_record_id_rights_records")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("record_id", "version", name="uq_certificates_record_version"),
        sa.UniqueConstraint("list", "bit", name="uq_certificates_list_bit"),
    )
    op.create_table(
        "certificate_keys",
        sa.Column("keyid", sa.String(43), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("keyid", name=op.f("pk_certificate_keys")),
    )
    for table in ("certificates", "certificate_keys"):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO exchange_app")


def downgrade() -> None:
    op.drop_table("certificate_keys")
    op.drop_table("certificates")
    op.drop_column("rights_records", "version")
