"""The target of the migrations: the tables of every room and of the ledger."""

import exchange.agreements.models
import exchange.agreements.notices.models
import exchange.answers.codes.models
import exchange.answers.models
import exchange.applications.models
import exchange.audit.models
import exchange.calendar.models
import exchange.catalog.changes.models
import exchange.catalog.filing.models
import exchange.catalog.items.models
import exchange.catalog.lineage.models
import exchange.catalog.models
import exchange.certificates.models
import exchange.consents.models
import exchange.corrections.models
import exchange.decisions.models
import exchange.delivery.models
import exchange.disputes.models
import exchange.kernel.keys.models
import exchange.messages.models
import exchange.participants.models
import exchange.policy_modules.models
import exchange.portal.deferrals.models
import exchange.portal.models
import exchange.portal.passkeys.models
import exchange.rights.models
import exchange.rights.objections.models
import exchange.sources.models
import exchange.subjects.models
import exchange.subjects.requests.models
import exchange.trading.models  # noqa: F401 - each import adds its tables to Base.metadata
from exchange.kernel.database import Base
from ledger.log import tables

METADATA = [Base.metadata, tables.metadata]
