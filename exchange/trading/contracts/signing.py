"""The proof of a side's signature: the signed request, so that it verifies without the exchange."""

from base64 import urlsafe_b64encode

from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.door.evidence import Signature


async def proof_of(work: Work, body: bytes) -> dict[str, str]:
    """What verifies a signature: the key, its public key, the signature base (RFC 9421), the signature, the body.

    Raises Conflict where the act is not one of a signed request.
    """
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
