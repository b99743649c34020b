"""The registration of rights over data: applications, records, outside certificates.

Revision: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_GRANTS = {
    "rights_applications": "SELECT, INSERT, UPDATE",
    "rights_records": "SELECT, INSERT, UPDATE",
    "rights_parties": "SELECT, INSERT, UPDATE, DELETE",
    "rights_statements": "SELECT, INSERT",
    "rights_objections": "SELECT, INSERT, UPDATE",
    "rights_holdings": "SELECT, INSERT, UPDATE",
    "rights_serials": "SELECT, INSERT, UPDATE",
    "rights_certificates": "SELECT, INSERT, UPDATE",
}
_STATES = (
    "'draft','discarded','filed','returned','not_filed','under_review','awaiting_evidence','in_publicity','objected',"
    "'publicity_waived','refused','terminated','withdrawn','deposited'"
)


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))
        for column, target in targets.items()
    ]


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    op.create_table(
        "rights_applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("form", _JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", _TIME, nullable=False),
        sa.Column("filed_at", _TIME, nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("is_deemed_accepted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("publicity_from", sa.Date(), nullable=True),
        sa.Column("registered_at", _TIME, nullable=True),
        _check("rights_applications", "kind", "kind IN ('initial','renewal','transfer','change','cancellation')"),
        _check("rights_applications", "state", f"state IN ({_STATES})"),
        *_references(
            "rights_applications", dataset_id="datasets", organisation_id="organisations", drafted_by="principals"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_applications")),
    )
    op.create_index(op.f("ix_rights_applications_dataset_id"), "rights_applications", ["dataset_id"])
    op.create_index(op.f("ix_rights_applications_organisation_id"), "rights_applications", ["organisation_id"])
    op.create_index("ix_rights_applications_state", "rights_applications", ["state"])
    op.create_index(
        "uq_rights_applications_record_open",
        "rights_applications",
        ["record_id"],
        unique=True,
        postgresql_where=sa.text(
            "record_id IS NOT NULL AND state IN ('draft','filed','returned','under_review','awaiting_evidence',"
            "'in_publicity','objected','publicity_waived')"
        ),
    )
    op.create_table(
        "rights_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("registered_at", _TIME, nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        _check("rights_records", "state", "state IN ('valid','restricted','transferred','cancelled','lapsed')"),
        *_references(
            "rights_records",
            application_id="rights_applications",
            dataset_id="datasets",
            organisation_id="organisations",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_records")),
    )
    op.create_index("uq_rights_records_code", "rights_records", ["code"], unique=True)
    op.create_index(op.f("ix_rights_records_dataset_id"), "rights_records", ["dataset_id"])
    op.create_index(op.f("ix_rights_records_organisation_id"), "rights_records", ["organisation_id"])
    op.create_index(
        "ix_rights_records_ending",
        "rights_records",
        ["valid_until"],
        postgresql_where=sa.text("state IN ('valid','restricted')"),
    )
    op.create_foreign_key(
        op.f("fk_rights_applications_record_id_rights_records"),
        "rights_applications",
        "rights_records",
        ["record_id"],
        ["id"],
    )
    _create_sides()
    _create_contents()
    for table, privileges in _GRANTS.items():
        op.execute(f"GRANT {privileges} ON {table} TO exchange_app")


def _create_sides() -> None:
    op.create_table(
        "rights_parties",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", _TIME, nullable=True),
        *_references(
            "rights_parties",
            application_id="rights_applications",
            organisation_id="organisations",
            confirmed_by="principals",
        ),
        sa.PrimaryKeyConstraint("application_id", "organisation_id", name=op.f("pk_rights_parties")),
    )
    op.create_index(op.f("ix_rights_parties_organisation_id"), "rights_parties", ["organisation_id"])
    op.create_table(
        "rights_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(48), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("codes", _JSON, nullable=False),
        sa.Column("evidence", _JSON, nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("stated_at", _TIME, nullable=False),
        _check("rights_statements", "about", "(application_id IS NULL) <> (record_id IS NULL)"),
        *_references(
            "rights_statements",
            application_id="rights_applications",
            record_id="rights_records",
            organisation_id="organisations",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_statements")),
    )
    op.create_index("ix_rights_statements_application_id", "rights_statements", ["application_id", "id"])
    op.create_index("ix_rights_statements_record_id", "rights_statements", ["record_id", "id"])
    op.create_table(
        "rights_objections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("evidence", _JSON, nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("filed_at", _TIME, nullable=False),
        sa.Column("decided_at", _TIME, nullable=True),
        _check("rights_objections", "state", "state IN ('open','upheld','dismissed','over')"),
        *_references("rights_objections", application_id="rights_applications", organisation_id="organisations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_objections")),
    )
    op.create_index(op.f("ix_rights_objections_application_id"), "rights_objections", ["application_id"])
    op.create_index(op.f("ix_rights_objections_organisation_id"), "rights_objections", ["organisation_id"])


def _create_contents() -> None:
    op.create_table(
        "rights_holdings",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("right", sa.String(8), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("limits", sa.Text(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        _check("rights_holdings", "right", "\"right\" IN ('HOLD','USE','OPERATE')"),
        *_references("rights_holdings", record_id="rights_records"),
        sa.PrimaryKeyConstraint("record_id", "right", name=op.f("pk_rights_holdings")),
    )
    op.create_table(
        "rights_serials",
        sa.Column("month", sa.String(6), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_rights_serials")),
    )
    op.create_table(
        "rights_certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(15), nullable=False),
        sa.Column("registrar", sa.Text(), nullable=False),
        sa.Column("stated", sa.String(12), nullable=False),
        sa.Column("checked", sa.String(12), nullable=False),
        sa.Column("linked_by", sa.Uuid(), nullable=False),
        sa.Column("linked_at", _TIME, nullable=False),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("checked_at", _TIME, nullable=True),
        _check("rights_certificates", "stated", "stated IN ('valid','lapsed','cancelled')"),
        _check("rights_certificates", "checked", "checked IN ('unchecked','confirmed','contradicted','not_found')"),
        *_references(
            "rights_certificates", record_id="rights_records", linked_by="principals", checked_by="principals"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_certificates")),
    )
    op.create_index("uq_rights_certificates_record_number", "rights_certificates", ["record_id", "number"], unique=True)


def downgrade() -> None:
    op.drop_constraint(
        op.f("fk_rights_applications_record_id_rights_records"), "rights_applications", type_="foreignkey"
    )
    for table in reversed(_GRANTS):
        op.drop_table(table)
