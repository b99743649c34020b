"""Problems: every way a request can fail, in the one shape of RFC 9457, and the registry of their types.

A problem's class states its slug, title and status, and its docstring is the text of docs/problems.md. A detail states
the remedy and never repeats a rejected value, so that a mistake in a request cannot put personal data into a log or an
answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from groundwork.lifecycle import Refused

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem: the last part of its URI, its title, its HTTP status, and what it means."""

    slug: str
    title: str
    status: int
    text: str


_types: dict[tuple[str, int], ProblemType] = {}


def register_problem(problem_type: ProblemType) -> ProblemType:
    """Register a type of problem that has no class of its own. A slug may have several statuses.

    Raises ValueError where slug and status are registered already.
    """
    key = (problem_type.slug, problem_type.status)
    if key in _types:
        raise ValueError(f"the problem {problem_type.slug} ({problem_type.status}) is registered already")
    _types[key] = problem_type
    return problem_type


def problem_types() -> list[ProblemType]:
    """Every type of problem that imported rooms can answer with, by slug and status."""
    return [_types[key] for key in sorted(_types)]


class Problem(Exception):
    """The root of all problems. A subclass states its own `slug` and docstring, and `title` and `status` unless
    inherited.

    To declare it registers its type. An abstract subclass registers none: its own subclasses do, or its instances take
    a `problem_type` that `register_problem` returned.
    """

    slug: str
    title: str
    status: int
    problem_type: ClassVar[ProblemType]

    def __init_subclass__(cls, *, is_abstract: bool = False) -> None:
        """Register the type. Raises TypeError where a part of it is missing, ValueError where it is registered."""
        super().__init_subclass__()
        if is_abstract:
            return
        missing = [name for name in ("slug", "__doc__") if not vars(cls).get(name)]
        missing += [name for name in ("title", "status") if not getattr(cls, name, None)]
        if missing:
            raise TypeError(f"the problem {cls.__name__} states no {', '.join(missing)}")
        text = " ".join((cls.__doc__ or "").split())
        cls.problem_type = register_problem(ProblemType(cls.slug, cls.title, cls.status, text))

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        problem_type: ProblemType | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        if problem_type is not None:
            self.slug, self.title, self.status = problem_type.slug, problem_type.title, problem_type.status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    @property
    def type(self) -> str:
        """The problem's type as a URI reference, relative to the exchange."""
        return f"/problems/{self.slug}"

    def document(self, *, entry: int | None = None) -> dict[str, Any]:
        """The problem document (RFC 9457 section 3). `entry` is the ledger index of the refusal."""
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
    """Something failed inside the exchange. Its log has the cause, by route and entry; nothing was changed."""

    slug = "internal-error"
    title = "The exchange failed"
    status = 500


class RequestInvalid(Problem):
    """The request does not have the documented form. `errors` names each place and its fault."""

    slug = "request-invalid"
    title = "The request is not valid"
    status = 422


class RequestMalformed(Problem):
    """The request cannot be read: broken JSON, a header outside its grammar, a form that the route does not take."""

    slug = "request-malformed"
    title = "The request cannot be read"
    status = 400


class NotFound(Problem):
    """No object is at this address, or none that you may see; both answers are the same, on purpose."""

    slug = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(Problem):
    """The address does not take this method. `Allow` lists the methods that it takes."""

    slug = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class NotAcceptable(Problem):
    """The route produces none of the media types in `Accept`. Ask for one of those in `detail`."""

    slug = "not-acceptable"
    title = "No acceptable representation"
    status = 406


class UnsupportedMediaType(Problem):
    """The route does not read the body's `Content-Type`."""

    slug = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class Conflict(Problem):
    """The object's state does not allow this, or another object has the name already. `state` is its present state. Where a
    rule needs more than the state, `lacking` names what it needs and `article` the rule.
    """

    slug = "conflict"
    title = "The present state does not allow this"
    status = 409


def refusal_of(refused: Refused, noun: str, remedies: Mapping[str, str], **members: Any) -> Conflict:
    """The problem for a step that a lifecycle refuses: what it lacks, by which rule, and what to do about each.

    `noun` names the object with its article, such as "An application"; `remedies` has a sentence for each fact.
    """
    if refused.lacking:
        detail = " ".join(remedies[fact] for fact in refused.lacking)
        lacking = list(refused.lacking)
        return Conflict(detail, state=refused.state, lacking=lacking, article=refused.article, **members)
    words = [verb.replace("_", " ") for verb in refused.verbs]
    possible = f"; possible now: {', '.join(words)}" if words else " and stays so"
    return Conflict(
        f"{noun} that is {refused.state.replace('_', ' ')} cannot {refused.verb.replace('_', ' ')}{possible}.",
        state=refused.state,
        **members,
    )


class Forbidden(Problem):
    """You hold no role that permits this here. `detail` names the roles that do."""

    slug = "role-missing"
    title = "No role permits this"
    status = 403


class ContentTooLarge(Problem):
    """The body is larger than this route takes; `detail` states the limit."""

    slug = "content-too-large"
    title = "The body is too large"
    status = 413


class BodyTooSlow(Problem):
    """The body stopped arriving, or arrives too slowly. Send the request again, over a faster
    connection.
    """

    slug = "body-too-slow"
    title = "The body did not arrive in time"
    status = 408


class LedgerUnavailable(Problem):
    """The database, and with it the ledger, was out of reach or failed. Nothing was done, unless the connection broke
    at the very moment of the commit: before you retry a change, look whether it happened.
    """

    slug = "ledger-unavailable"
    title = "The ledger cannot be written"
    status = 503


class LedgerHalted(Problem):
    """The exchange's database does not continue what its ledger has signed: it was restored from a backup or copied, or
    the anchor is lost. Nothing is accepted and nothing was delivered. The operator puts the right database or the
    anchor back, or continues under a new origin with `exchange ledger new-incarnation`; docs/operations/anchor.md explains the
    choice.
    """

    slug = "ledger-halted"
    title = "The ledger does not continue what was signed"
    status = 503


class TooManyRefusals(Problem):
    """Too many requests without an established sender arrived at once, so this one has no entry of its own: the ledger counts
    it, with others of its minute. Wait a minute, and first see what was wrong with the earlier ones.
    """

    slug = "too-many-refusals"
    title = "Too many requests without an established sender"
    status = 429
