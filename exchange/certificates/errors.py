"""Problems of certificates."""

from exchange.kernel.problems import Problem


class NotCertified(Problem):
    """A certificate is issued for a record in force. This one was transferred or cancelled, or its last day is over:
    `GET /rights/{code}` shows its state.
    """

    slug = "not-certified"
    title = "The record is not in force, so it has no certificate"
    status = 409


class CertificateNotPrinted(Problem):
    """The certificate cannot be printed here; `detail` states what the operator adds: the optional extra `pdf`, a folder of
    fonts (`EXCHANGE_CERTIFICATES_FONTS`), or a font that has the `characters`. The credential itself is there:
    `Accept: application/vc+jwt`.
    """

    slug = "certificate-not-printed"
    title = "This exchange cannot print the certificate"
    status = 406
