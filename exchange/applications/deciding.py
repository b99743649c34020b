"""The verbs of owners and of the sharing authority: approve, refuse, request a supplement, extend the reply."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from exchange.agreements.schemas import AgreementOut
from exchange.agreements.service import Grant, conclude
from exchange.applications import queries
from exchange.applications.bounds import (
    combine_conditions,
    faults_in_approval,
    faults_in_request,
    granted_answers,
    granted_fields,
)
from exchange.applications.errors import OutsideTerms
from exchange.applications.models import Application
from exchange.applications.schemas import Approval, Extension, ExtensionConsent, Reasons, SupplementRequest
from exchange.applications.service import matter_of, offered, record_change, take
from exchange.calendar import deadlines
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import new_id
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger.billing.money import EXPONENTS, round_ratio
from ledger.billing.prices import MAX_UNIT_PRICE, Model, OneOff, PerUnit, Price, Subscription
from policies.roles.roles import EXCHANGE


async def _lock_for_decision(work: Work, application_id: UUID) -> Application:
    """Lock an application that its provider decides. Raises NotFound, Forbidden."""
    application = await queries.locked(work, application_id)
    work.permit("application", "decide", application.provider_id, side="the owner of the data")
    return application


def _conditions(document: DatasetDocument, demanded: Sequence[str]) -> set[str]:
    """The fact that each demanded condition is in the catalogue; nothing where one is not (Decree 809, Article 15)."""
    stated = {document.sharing.scope, document.sharing.use}
    return {"conditions_of_catalogue"} if stated.issuperset(demanded) else set()


async def approve(work: Work, *, application_id: UUID, approval: Approval) -> tuple[Application, AgreementOut]:
    """Approve an application, as asked or narrower: its agreement is active at once, or once its data is provided.

    An agreement that it amends ends when the new one becomes active.

    Raises NotFound, Forbidden, Conflict, NotShared, OutsideTerms, RequestInvalid.
    """
    application = await _lock_for_decision(work, application_id)
    await catalog.lock_for_grant(work.session, application.dataset_id)
    listed = await catalog.any_dataset(work.session, str(application.dataset_id))
    document = offered(listed)
    await take(work, application, "approve", _conditions(document, approval.conditions))
    fields, answers = granted_fields(application, approval), granted_answers(application, approval)
    not_after = approval.not_after or application.not_after
    faults = faults_in_approval(document, application=application, approval=approval, now=work.runtime.clock.now())
    faults += faults_in_request(
        document,
        consumer=await participants.organisation(work.session, application.consumer_id),
        purpose=application.purpose,
        fields=fields,
        answers=answers,
        row_filter=application.row_filter,
        not_after=not_after,
        now=work.runtime.clock.now(),
    )
    if faults:
        raise OutsideTerms("A grant can only be as wide as the application and the terms.", errors=faults)
    agreement = await conclude(
        work,
        Grant(
            application=application.id,
            dataset=application.dataset_id,
            dataset_version=listed.dataset.version,
            provider=application.provider_id,
            consumer=application.consumer_id,
            lane=application.lane,
            purpose=application.purpose,
            fields=tuple(dict.fromkeys(fields)),
            masks=approval.masks,
            row_filter=combine_conditions(application.row_filter, approval.row_filter),
            row_cap=approval.row_cap or document.terms.row_cap,
            assessments=approval.assessments.plain(),
            resharing=document.terms.resharing,
            price=_price(document, application.lane),
            billing=_billing(document, application.lane),
            not_before=work.runtime.clock.now(),
            not_after=not_after,
            answers=tuple(dict.fromkeys(answers)),
            amends=application.amends,
            provision=approval.provision,
        ),
        document.terms,
    )
    application.agreement_id = agreement.id
    application.decided_at = work.runtime.clock.now()
    return application, agreement


def _price(document: DatasetDocument, lane: str) -> dict[str, Any] | None:
    """The price in the terms; none in government sharing, which is free of charge."""
    price = document.terms.price
    return None if price is None or lane == "government" else price.model_dump(mode="json")


def _billing(document: DatasetDocument, lane: str) -> Price | None:
    """The price document of the price in the terms, which contains its tax; None in government sharing."""
    price = document.terms.price
    if price is None or lane == "government" or price.currency not in EXPONENTS:
        return None
    hundredths = round(Decimal(price.amount) * 100)
    amount = round_ratio(hundredths * 10 ** EXPONENTS[price.currency], 100)
    unit_price = hundredths * 10_000
    if unit_price > MAX_UNIT_PRICE:
        return None
    models: dict[str, Model] = {
        "agreement": OneOff(amount),
        "month": Subscription(amount),
        "delivery": PerUnit("call", unit_price),
        "record": PerUnit("record", unit_price),
    }
    return Price(models[price.per], currency=price.currency, tax=0)


async def refuse(work: Work, *, application_id: UUID, refusal: Reasons) -> Application:
    """Refuse an application, with reasons; while a supplement is requested, only once its time is over.

    Incomplete papers are no reason to refuse outright (Decree 809, Article 21). Raises NotFound, Forbidden, Conflict.
    """
    application = await _lock_for_decision(work, application_id)
    due = application.supplement_due
    facts = set()
    if due is None or work.runtime.clock.now() >= due:
        facts.add("supplement_time_over")
    if not refusal.incomplete_materials or application.supplement_wanted is not None:
        facts.add("not_for_incomplete_materials")
    members = {} if due is None else {"until": rfc3339(due)}
    step = await take(work, application, "refuse", facts, **members)
    application.reasons = refusal.reason
    application.decided_at = work.runtime.clock.now()
    record_change(work, application, step.entry, refusal.reason)
    return application


async def request_supplement(work: Work, *, application_id: UUID, request: SupplementRequest) -> Application:
    """Request everything that is missing, within so many days; possible once (Decree 809, Article 21).

    Raises NotFound, Forbidden, Conflict.
    """
    application = await _lock_for_decision(work, application_id)
    listed = await catalog.any_dataset(work.session, str(application.dataset_id))
    facts = _conditions(offered(listed), request.conditions)
    if application.supplement_wanted is None:
        facts.add("first_supplement")
    step = await take(work, application, "request_supplement", facts)
    application.supplement_wanted = request.missing
    application.extension_consent = application.extension_days = None  # the time of the reply begins anew
    application.supplement_due = work.runtime.clock.now() + timedelta(days=request.days)
    record_change(work, application, step.entry, request.missing, due=rfc3339(application.supplement_due))
    return application


async def _reply_is_due(work: Work, application: Application) -> set[str]:
    """The fact that the last day of the reply is not over, which an overdue mark ends as well."""
    now = work.runtime.clock.now()
    clock = await deadlines.find_open(work.session, matter_of(application), "reply")
    is_running = clock is not None and clock.overdue_at is None and not clock.is_overdue(now)
    return {"reply_not_overdue"} if is_running else set()


async def consent_to_extension(work: Work, *, application_id: UUID, consent: ExtensionConsent) -> Application:
    """Consent, as the sharing authority, to a longer time of the reply, before its last day is over (Article 21).

    Raises NotFound, Forbidden, Conflict.
    """
    application = await queries.locked(work, application_id)
    work.permit("application", "consent_to_extension", EXCHANGE, side="the sharing authority")
    step = await take(work, application, "consent_to_extension", await _reply_is_due(work, application))
    application.extension_consent = new_id()
    application.extension_days = consent.days
    application.extension_consent_reason = consent.reason
    record_change(
        work,
        application,
        step.entry,
        consent.reason,
        consent=str(application.extension_consent),
        working_days=consent.days,
    )
    return application


async def extend(work: Work, *, application_id: UUID, extension: Extension) -> Application:
    """Extend the reply by the days that the authority consented to; the applicant sees it at once (Article 21).

    Raises NotFound, Forbidden, Conflict, ExtensionRefused.
    """
    application = await _lock_for_decision(work, application_id)
    facts = await _reply_is_due(work, application)
    has_consent = application.extension_consent is not None and extension.consent == application.extension_consent
    if has_consent and extension.days <= (application.extension_days or 0):
        facts.add("authority_consent")
    step = await take(work, application, "extend", facts)
    now = work.runtime.clock.now()
    await deadlines.extend(
        work.session,
        matter_of(application),
        "reply",
        parameter="reply_ext_max",
        days=extension.days,
        consent=str(extension.consent),
        by=work.principal.organisation,
        at=now,
    )
    application.extension_days, application.extension_reason = extension.days, extension.reason
    application.extended_at = now
    record_change(
        work, application, step.entry, extension.reason, consent=str(extension.consent), working_days=extension.days
    )
    return application
