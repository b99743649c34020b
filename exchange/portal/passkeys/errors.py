"""Problems of passkeys."""

from exchange.kernel.problems import Problem


class PasskeyRefused(Problem):
    """The passkey's answer does not count: it is for another site, another browser or another challenge, came too late or
    twice, the authenticator did not verify the person, no such passkey is registered, or its sign count did not grow, as of
    a copy. Begin again in this browser, or sign in another way.
    """

    slug = "passkey-refused"
    title = "The passkey was refused"
    status = 401


class PasskeysUnavailable(Problem):
    """This exchange takes no passkeys: browsers make them only for a name under https, or for http://localhost. The operator
    sets EXCHANGE_PUBLIC_URL to such an address.
    """

    slug = "passkeys-unavailable"
    title = "Passkeys are not available here"
    status = 404


class LastWayIn(Problem):
    """The passkey is the only way into your account, so it stays. Register another one first."""

    slug = "last-way-in"
    title = "The passkey is your last way in"
    status = 409


class PasskeysExceeded(Problem):
    """Your account has as many passkeys as it can. Remove one that you no longer use."""

    slug = "passkeys-exceeded"
    title = "You have too many passkeys"
    status = 409
