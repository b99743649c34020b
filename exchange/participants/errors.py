"""Problems of a signature, a key, or the holder of a key."""

from exchange.kernel.problems import Problem


class Unauthenticated(Problem, is_abstract=True):
    """The root of the problems of a request whose sender is not established."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Signature realm="data-exchange"'})


class SignatureMissing(Unauthenticated):
    """This address takes signed requests only (RFC 9421, label `sig1`), and the request has no signature."""

    slug = "signature-missing"
    title = "The request is not signed"


class SignatureMalformed(Unauthenticated):
    """`Signature-Input` or `Signature` does not follow RFC 9421, or uses parameters other than those documented."""

    slug = "signature-malformed"
    title = "The signature cannot be read"


class SignatureIncomplete(Unauthenticated):
    """The signature has to cover the method, the target URI, the digest of a body, and the purpose of a delivery. Sign again
    with the missing component.
    """

    slug = "signature-incomplete"
    title = "The signature does not cover enough"


class SignatureInvalid(Unauthenticated):
    """The key did not sign this request: it was altered on the way, or signed for another method or URI."""

    slug = "signature-invalid"
    title = "The signature does not verify"


class SignatureExpired(Unauthenticated):
    """The signature has expired, or its lifetime is longer than allowed. Sign again with the present time."""

    slug = "signature-expired"
    title = "The signature has expired"


class ClockSkewed(Unauthenticated):
    """The signature's `created` is in the future. Set the client's clock; the answer's `Date` is the exchange's time."""

    slug = "clock-skewed"
    title = "The client's clock is ahead"


class NonceReused(Unauthenticated):
    """This key has used this nonce before: the request is a replay. Every request needs a fresh nonce."""

    slug = "nonce-reused"
    title = "The request was sent before"


class DigestMismatch(Unauthenticated):
    """The body does not have the digest in `Content-Digest` (RFC 9530): it was altered after it was signed."""

    slug = "digest-mismatch"
    title = "The body does not match its digest"


class KeyUnknown(Unauthenticated):
    """No key is registered under this `keyid`. A key is registered once its holder has proven to hold it: the operator
    registers the first members of an organisation that joins (`POST /api/v1/organisations`), and a steward further
    members and systems of its organisation, each with a proof that `exchange-client prove` makes. docs/signing.md,
    "Registering a key", shows it.
    """

    slug = "key-unknown"
    title = "The key is not registered"


class KeyRevoked(Unauthenticated):
    """The key was revoked and is accepted no longer. Sign with another key, or have one registered."""

    slug = "key-revoked"
    title = "The key has been revoked"


class KeyNotValid(Unauthenticated):
    """The key's validity has not begun, or it was replaced and the overlap has ended."""

    slug = "key-not-valid"
    title = "The key is not valid now"


class PrincipalSuspended(Problem):
    """The member or system that holds the key is suspended. Its organisation, or the operator, can reinstate it."""

    slug = "principal-suspended"
    title = "The principal is suspended"
    status = 403


class DutiesNotSeparated(Problem):
    """The system, the security and the audit administrator are three persons (GB/T 22239-2019, level 3): nobody holds two of
    the roles `operator`, `security_administrator` and `auditor`, in any domain. In an organisation that separates its
    duties (`separates_duties`), steward, approver and security administrator are three persons too. `duties` names the
    roles that one person would hold. Assign the role to somebody else, or revoke the other one first.
    """

    slug = "separation-of-duties"
    title = "One person would hold duties that have to be separated"
    status = 409


class PossessionNotProven(Problem):
    """A key is registered only with its holder's consent: the key itself signs the exchange, the organisation and handle,
    the public key and a time of expiry. `errors` names the place; `detail` states the values that have to be signed.
    """

    slug = "possession-not-proven"
    title = "The key's holder has not proven to hold it"
    status = 422


class TooManyChanges(Problem):
    """Your organisation made too many changes within a minute that decisions rest on; they slow down everybody's
    deliveries. Nothing was changed; send the request again after the seconds in `Retry-After`.
    """

    slug = "too-many-changes"
    title = "Your organisation changes too much at once"
    status = 429


class OrganisationNotAdmitted(Problem):
    """The organisation is not admitted to the exchange: not yet, not at present, or no longer. `state` is its state."""

    slug = "organisation-not-admitted"
    title = "The organisation is not admitted"
    status = 403
