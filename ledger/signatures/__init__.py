"""What this exchange signs and checks on the wire: its profile of RFC 9421 (signatures) and RFC 9530 (digests).

A request is signed under the label `sig1` with alg="ed25519" and tag="data-exchange"; it covers the method, the target,
its content's digest and its purpose. A response covers its status, digest and ledger entry and, through `;req`, the
method, target and signature of the request it answers, so that no answer can be passed off as the answer to another
question.
"""

from ledger.signatures.components import (
    ComponentMissing as ComponentMissing,
)
from ledger.signatures.components import (
    SignatureMalformed as SignatureMalformed,
)
from ledger.signatures.components import (
    SignatureMissing as SignatureMissing,
)
from ledger.signatures.components import (
    SignatureProblem as SignatureProblem,
)
from ledger.signatures.digests import (
    DigestMalformed as DigestMalformed,
)
from ledger.signatures.digests import (
    DigestMismatch as DigestMismatch,
)
from ledger.signatures.digests import (
    check_content_digest as check_content_digest,
)
from ledger.signatures.digests import (
    content_digest as content_digest,
)
from ledger.signatures.digests import (
    digest_field as digest_field,
)
from ledger.signatures.profile import (
    ALGORITHM as ALGORITHM,
)
from ledger.signatures.profile import (
    LABEL as LABEL,
)
from ledger.signatures.profile import (
    TAG as TAG,
)
from ledger.signatures.requests import (
    LIFETIME_MAX as LIFETIME_MAX,
)
from ledger.signatures.requests import (
    PURPOSE as PURPOSE,
)
from ledger.signatures.requests import (
    SignatureExpired as SignatureExpired,
)
from ledger.signatures.requests import (
    SignatureNotYetValid as SignatureNotYetValid,
)
from ledger.signatures.requests import (
    SignedRequest as SignedRequest,
)
from ledger.signatures.requests import (
    check_times as check_times,
)
from ledger.signatures.requests import (
    new_nonce as new_nonce,
)
from ledger.signatures.requests import (
    read_request as read_request,
)
from ledger.signatures.requests import (
    sign_request as sign_request,
)
from ledger.signatures.responses import (
    Asked as Asked,
)
from ledger.signatures.responses import (
    Asks as Asks,
)
from ledger.signatures.responses import (
    SignedResponse as SignedResponse,
)
from ledger.signatures.responses import (
    read_response as read_response,
)
from ledger.signatures.responses import (
    sign_response as sign_response,
)
from ledger.signatures.suites import (
    Ed25519 as Ed25519,
)
from ledger.signatures.suites import (
    SignatureInvalid as SignatureInvalid,
)
from ledger.signatures.suites import (
    Suite as Suite,
)
from ledger.signatures.suites import (
    public_of as public_of,
)
from ledger.signatures.suites import (
    sign_ed25519 as sign_ed25519,
)
from ledger.signatures.suites import (
    thumbprint as thumbprint,
)
from ledger.signatures.suites import (
    verify_ed25519 as verify_ed25519,
)
