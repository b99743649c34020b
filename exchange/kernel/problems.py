"""Problems: every way a request can fail, in the one shape of RFC 9457.

A problem's class carries its type, title and status; its docstring is the text of docs/problems.md. A detail says what
to do and never repeats a rejected value, so that a mistake in a request cannot put personal data into a log or an
answer.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """The root of all problems; never raised itself."""

    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "The exchange failed"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    @property
    def type(self) -> str:
        """The problem's type as a URI reference, relative to the exchange."""
        return f"/problems/{self.slug}"

    def document(self, *, entry: int | None = None) -> dict[str, Any]:
        """The problem document (RFC 9457 section 3), with the ledger index of the refusal where there is one."""
        document: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        if entry is not None:
            document["entry"] = entry
        return document


class InternalError(Problem):
    """Something failed inside the exchange. The cause is in its log under the request's id; nothing was changed."""


class RequestInvalid(Problem):
    """The request does not have the form the API documents. `errors` names each place and what is wrong there."""

    slug = "request-invalid"
    title = "The request is not valid"
    status = 422


class RequestMalformed(Problem):
    """The request cannot be read at all: broken JSON, a header outside its grammar, a form this route does not take."""

    slug = "request-malformed"
    title = "The request cannot be read"
    status = 400


class NotFound(Problem):
    """There is nothing at this address, or nothing that you may see: the answer is the same, on purpose."""

    slug = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(Problem):
    """The address exists but does not take this method; `Allow` lists those it takes."""

    slug = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class NotAcceptable(Problem):
    """None of the media types in `Accept` can be produced here. Ask for one of those in `detail`."""

    slug = "not-acceptable"
    title = "No acceptable representation"
    status = 406


class UnsupportedMediaType(Problem):
    """The body's `Content-Type` is not one this route reads."""

    slug = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class Conflict(Problem):
    """The object is not in a state that allows this, or another object has the name already. `state` is what it is now."""

    slug = "conflict"
    title = "The present state does not allow this"
    status = 409


class Forbidden(Problem):
    """You are known, but hold no role that permits this here. `detail` names the roles that do."""

    slug = "role-missing"
    title = "No role permits this"
    status = 403


class ContentTooLarge(Problem):
    """The body is larger than this route takes; `detail` says how large it may be."""

    slug = "content-too-large"
    title = "The body is too large"
    status = 413


class LedgerUnavailable(Problem):
    """The database, and with it the ledger, could not be reached or failed, so there is no answer. What was asked for was
    not done, unless the connection broke at the very moment of its commit: look before trying a change again.
    """

    slug = "ledger-unavailable"
    title = "The ledger cannot be written"
    status = 503


class LedgerHalted(Problem):
    """The exchange's database does not continue what its ledger has signed: it was restored from a backup or copied, or the
    anchor is lost. Nothing is taken in and nothing was delivered. The operator puts the right database or the anchor back,
    or goes on under a new origin with `exchange ledger new-incarnation`; docs/operations.md says how to tell which.
    """

    slug = "ledger-halted"
    title = "The ledger does not continue what was signed"
    status = 503


class TooManyRefusals(Problem):
    """Too many requests that nobody is proven to have sent came in at once, so this one was not even put on the ledger.
    Wait a minute; see first what was wrong with the earlier ones.
    """

    slug = "too-many-refusals"
    title = "Too many requests without an established sender"
    status = 429


def all_problems() -> list[type[Problem]]:
    """Every problem the running exchange can answer with, by slug."""
    found: dict[str, type[Problem]] = {}
    pending: list[type[Problem]] = [Problem]
    while pending:
        for problem in pending.pop().__subclasses__():
            pending.append(problem)
            if "slug" in vars(problem) or problem is InternalError:
                found[problem.slug] = problem
    return [found[slug] for slug in sorted(found)]
