"""The proof of a side's signature: the signed request, so that it verifies without the exchange."""

import json
from base64 import urlsafe_b64encode

from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.door.evidence import Signature


async def proof_of(work: Work, body: bytes, digest: str) -> dict[str, str]:
    """What verifies a signature: the key, its public key, the signature base (RFC 9421), the signature, the body.

    Raises Conflict where the act is not one of a signed request, and RequestInvalid where not every verifier reads the digest
    in the body: it is UTF-8 without a byte order mark.
    """
    try:
        is_read = json.loads(body.decode()) == {"digest": digest}
    except ValueError:
        is_read = False
    if not is_read:
        error = {"at": "body", "error": 'send {"digest": "…"} as UTF-8, without a byte order mark'}
        raise RequestInvalid("Sign a body that every verifier reads in the same way.", errors=[error])
    evidence, key = work.caller.evidence, work.principal.key
    holder = await participants.key_holder(work.session, key)
    if not isinstance(evidence, Signature) or holder is None:
        raise Conflict("A contract is signed by a request that a registered key signed.")
    return {
        "key": key,
        "public_key": urlsafe_b64encode(holder.public_key).rstrip(b"=").decode(),
        "base": evidence.signed.base.decode(),
        "signature": evidence.text,
        "body": body.decode(),
    }
