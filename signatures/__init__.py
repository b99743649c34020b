"""HTTP message signatures: signs and verifies requests and responses by the exchange's profile of RFC 9421 and RFC 9530.

A request is signed under the label `sig1` with alg="ed25519" and tag="data-exchange". It covers the method, the target,
the content's digest and the purpose. A response covers its status, digest and ledger entry and, through `;req`, the
method, target and signature of its request, so that it cannot be passed off as the answer to another request.
"""

from signatures.components import ComponentMissing as ComponentMissing
from signatures.components import SignatureMalformed as SignatureMalformed
from signatures.components import SignatureMissing as SignatureMissing
from signatures.components import SignatureProblem as SignatureProblem
from signatures.digests import DigestMalformed as DigestMalformed
from signatures.digests import DigestMismatch as DigestMismatch
from signatures.digests import check_content_digest as check_content_digest
from signatures.digests import content_digest as content_digest
from signatures.digests import digest_field as digest_field
from signatures.possession import Registration as Registration
from signatures.possession import check_possession as check_possession
from signatures.possession import prove_possession as prove_possession
from signatures.profile import ALGORITHM as ALGORITHM
from signatures.profile import LABEL as LABEL
from signatures.profile import TAG as TAG
from signatures.requests import LIFETIME_MAX as LIFETIME_MAX
from signatures.requests import PURPOSE as PURPOSE
from signatures.requests import SignatureExpired as SignatureExpired
from signatures.requests import SignatureNotYetValid as SignatureNotYetValid
from signatures.requests import SignedRequest as SignedRequest
from signatures.requests import check_times as check_times
from signatures.requests import new_nonce as new_nonce
from signatures.requests import read_request as read_request
from signatures.requests import sign_request as sign_request
from signatures.responses import RequestBinding as RequestBinding
from signatures.responses import SentRequest as SentRequest
from signatures.responses import SignedResponse as SignedResponse
from signatures.responses import read_response as read_response
from signatures.responses import sign_response as sign_response
from signatures.suites import Ed25519 as Ed25519
from signatures.suites import SignatureInvalid as SignatureInvalid
from signatures.suites import Suite as Suite
from signatures.suites import public_of as public_of
from signatures.suites import sign_ed25519 as sign_ed25519
from signatures.suites import thumbprint as thumbprint
from signatures.suites import verify_ed25519 as verify_ed25519
