"""Problems of webhooks."""

from exchange.kernel.problems import Problem


class WebhookRefused(Problem):
    """The URL cannot be a webhook: `code` is `option-invalid` (its form), `host-not-allowed` (an address that the operator
    does not list and that is not public) or `host-unknown` (no address). Register the https URL of a public server, or ask
    the operator to list yours (`EXCHANGE_WEBHOOK_HOSTS`).
    """

    slug = "webhook-refused"
    title = "The URL cannot be a webhook"
    status = 422
