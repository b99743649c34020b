"""Problems of filings."""

from exchange.kernel.problems import Problem


class ReviewNeeded(Problem):
    """This exchange has a sharing authority, so a department's version is published by its review (Decree 809, Articles 13 to
    17). Assess the draft (POST /api/v1/datasets/{id}/assessment), have the head of the sharing office consent
    (/consent), and file it (/filing).
    """

    slug = "review-needed"
    title = "The sharing authority has to review this version"
    status = 409


class FilingIncomplete(Problem):
    """The draft lacks what the law demands before it goes on: `errors` names each thing with its article. Complete the
    draft, or have another person act where `errors` says so.
    """

    slug = "filing-incomplete"
    title = "The draft is not complete for the catalogue"
    status = 422
