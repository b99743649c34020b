"""Problems of the portal."""

from exchange.kernel.problems import Problem


class SessionMissing(Problem):
    """The request has no session that holds: none was sent, it ended, or its time is over. Sign in again."""

    slug = "session-missing"
    title = "Nobody is signed in"
    status = 401


class SignInFailed(Problem):
    """The sign-in was not completed: the answer of the identity provider is not one to a sign-in that this browser
    began a moment ago, or does not verify. Nobody is signed in; begin again.
    """

    slug = "sign-in-failed"
    title = "The sign-in failed"
    status = 401


class OriginRefused(Problem):
    """A page of another site sent this request, or nobody can tell which page did. A browser's request names the
    exchange's own address in `Origin`, or has `Sec-Fetch-Site: same-origin`.
    """

    slug = "origin-refused"
    title = "The request comes from another site"
    status = 403


class IdentityUnbound(Problem):
    """No identifier of yours is bound to your account, so the exchange cannot tell which data is about you. Bind one
    with a code from an organisation that knows you.
    """

    slug = "identity-unbound"
    title = "Your account is bound to no identifier"
    status = 403


class IdentityTaken(Problem):
    """Another account is bound to this identifier. If it is yours, sign in with that account; if it is not, tell the
    exchange's operator.
    """

    slug = "identity-taken"
    title = "The identifier is bound to another account"
    status = 409


class CodeRefused(Problem):
    """Code and identifier do not belong together, or the code was used, tried too often, or is too old. The
    organisation that gave it can give another.
    """

    slug = "binding-code-refused"
    title = "The code does not bind this identifier"
    status = 403


class ProviderUnavailable(Problem):
    """The identity provider does not answer, or not as OpenID Connect demands. Try again later."""

    slug = "identity-provider-unavailable"
    title = "The identity provider is unavailable"
    status = 503
