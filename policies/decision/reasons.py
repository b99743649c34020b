"""The codes of the reasons for which a delivery is denied."""

from typing import Literal, get_args

ReasonCode = Literal[
    "policy-unavailable",
    "obligation-unknown",
    "role-missing",
    "consumer-not-admitted",
    "principal-suspended",
    "owner-not-admitted",
    "dataset-unavailable",
    "dataset-not-shared",
    "level-forbidden",
    "lane-mismatch",
    "consumer-not-in-terms",
    "terms-expired",
    "aggregates-only",
    "consent-missing",
    "agreement-missing",
    "agreement-suspended",
    "agreement-terminated",
    "agreement-not-yet-valid",
    "agreement-expired",
    "impact-assessment-missing",
    "risk-assessment-missing",
    "purpose-not-granted",
    "agreement-unfit",
    "owner-denied",
    "field-not-granted",
    "filter-not-granted",
    "answer-not-granted",
    "nothing-granted",
]
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
"""All reasons, the most fundamental first. The reasons of a decision have this order."""
