"""Signed webhooks: signs a message that the exchange sends, and verifies one that was received.

The fields are those of Standard Webhooks (webhook-id, webhook-timestamp); the signature is one of RFC 9421 by the exchange's
key. Its tag differs from that of the exchange's answers, so that neither passes for the other.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from signatures.components import Message, SignatureMalformed
from signatures.digests import check_content_digest, content_digest
from signatures.messages import Signature, sign_message, verify_message
from signatures.profile import ALGORITHM, LABEL
from signatures.requests import SignatureExpired, SignatureNotYetValid
from signatures.suites import Ed25519, Suite

WEBHOOK_TAG: Final = "data-exchange-webhook"
ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
TOLERANCE: Final = 300
"""Seconds by which the time of a webhook may differ from the receiver's."""

_METHOD: Final = "POST"
_COVERED: Final = ("@method", "@target-uri", "content-digest", ID, TIMESTAMP)


def sign_webhook(suite: Suite, *, keyid: str, url: str, identifier: str, created: int, body: bytes) -> dict[str, str]:
    """The fields to send with the body of a webhook, signature included; `created` is in Unix seconds.

    Raises SignatureMalformed, FieldError for a URL or id that no field can hold.
    """
    fields = {"content-digest": content_digest(body), ID: identifier, TIMESTAMP: str(created)}
    signed = sign_message(
        Message.of_request(_METHOD, url, fields.items()),
        label=LABEL,
        components=_COVERED,
        parameters={"created": created, "keyid": keyid, "alg": ALGORITHM, "tag": WEBHOOK_TAG},
        suite=suite,
    )
    return fields | signed


def verify_webhook(
    *,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    public_key: Callable[[str, int], bytes],
    now: float,
    tolerance: int = TOLERANCE,
) -> tuple[str, int]:
    """Verify a webhook that was posted to a URL; returns its id and its time in Unix seconds.

    `headers` have names in any case; `public_key` gives the key of a key id at a time, and raises if it trusts none. Raises a
    SignatureProblem: also SignatureExpired and SignatureNotYetValid for a time that differs from `now` by more than
    `tolerance` seconds. Whoever must not act twice remembers the ids of that time.
    """
    message = Message.of_request(_METHOD, url, headers.items())

    def suite_for(signature: Signature) -> Suite:
        parameters = signature.parameters
        keyid, created = parameters.get("keyid"), parameters.get("created")
        if parameters.get("tag") != WEBHOOK_TAG or not isinstance(keyid, str) or type(created) is not int:
            raise SignatureMalformed("this is no signature of a webhook: it needs its tag, a keyid and the time")
        return Ed25519(public_key(keyid, created))

    signature = verify_message(message, label=LABEL, suite_for=suite_for, require=_COVERED)
    created = int(str(signature.parameters["created"]))
    if message.fields[TIMESTAMP] != (str(created),):
        raise SignatureMalformed("webhook-timestamp is not the time of the signature")
    if created < now - tolerance:
        raise SignatureExpired("the webhook is too old")
    if created > now + tolerance:
        raise SignatureNotYetValid("the webhook is of the future; check the clock")
    check_content_digest(", ".join(message.fields["content-digest"]), hashlib.sha256(body).digest())
    return ", ".join(message.fields[ID]), created
