"""Webhooks: verify a message that the exchange posted to one's own server."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_exchange_client.errors import ExchangeError
from data_exchange_client.trust import Trust
from signatures import SignatureProblem
from signatures.structured import FieldError
from signatures.webhooks import TOLERANCE, verify_webhook


class WebhookInvalid(ExchangeError):
    """What was posted is no webhook of the exchange, was altered, or is of another time."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified message. `id` is the same each time that the exchange tries to deliver it: do not act on it twice.

    `type` is the kind of the message, such as `agreement_notice.announced`; `data` names the object that it is about.
    """

    id: str
    at: int
    type: str
    data: Mapping[str, Any]


def read_webhook(
    trust: Trust,
    *,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    now: float | None = None,
    tolerance: int = TOLERANCE,
) -> Webhook:
    """Verify a request that was posted to `url`, the address as it is registered, and read its message.

    `headers` have names in any case, `body` is the bytes as received, `now` is in Unix seconds. Answer with a status of 2xx
    once the message is stored. Raises WebhookInvalid, and TrustError for a key that is not pinned: renew the trust then.
    """
    try:
        identifier, created = verify_webhook(
            url=url,
            headers=headers,
            body=body,
            public_key=lambda keyid, at: trust.public_key(keyid, at=at),
            now=time.time() if now is None else now,
            tolerance=tolerance,
        )
        document = json.loads(body)
        return Webhook(identifier, created, document["type"], document["data"])
    except (SignatureProblem, FieldError, ValueError, KeyError, TypeError) as error:
        raise WebhookInvalid(f"the request is no webhook of the exchange: {error}") from error
