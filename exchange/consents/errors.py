"""Problems of consents."""

from collections.abc import Iterable

from exchange.consents.lifecycle import ARTICLES
from exchange.kernel.problems import Problem

_REMEDIES = {
    "a notice that is in force": "the notice is closed; publish another one and ask under it",
    "a decision after the notice was in use": "`at` is before the day since which the notice is in use",
    "a term that is not over": "the consent's term would be over already; ask the person again",
    "a proof of how it was obtained": "state `method` and `proof`, the SHA-256 of what proves the decision",
    "the guardian of a child under 14": "state `guardian`: name, relation, and how the relation was verified",
    "a notice with rules for children": "ask under a notice with `children_rules`",
    "the written form": "the notice demands it: `method` is paper-signature or electronic-signature",
    "a stated reason": "state `reason`",
}


class NoticeInvalid(Problem):
    """The notice lacks what the law demands of it, or does not fit its dataset. `errors` names each member, the rule, and
    what to write.
    """

    slug = "consent-notice-invalid"
    title = "The notice cannot be published"
    status = 422


class ConsentInvalid(Problem):
    """The consent would not be valid, so nothing was recorded. `errors` names everything that it lacks, each with the
    article: a child under 14, for instance, consents through a guardian whose relation was verified (PIPL Article 31).
    """

    slug = "consent-invalid"
    title = "The consent would not be valid"
    status = 422

    @classmethod
    def lacking(cls, needs: Iterable[str]) -> "ConsentInvalid":
        """The problem for these unmet needs of a step."""
        faults = [{"at": "body", "error": f"it lacks {need}: {_REMEDIES[need]} ({ARTICLES[need]})"} for need in needs]
        return cls("Correct what `errors` lists, and record the decision then.", errors=faults)


class AskedTooSoon(Problem):
    """The person refused a short time ago, and may not be asked again frequently (Decree 790, Article 22). Ask after
    `until`; the person may give consent at any time.
    """

    slug = "consent-asked-too-soon"
    title = "The person refused a short time ago"
    status = 409


class DecisionOutdated(Problem):
    """A decision of the person that is newer is recorded already, so this one changes nothing. `decided_at` is the time of
    the newer one.
    """

    slug = "consent-decision-outdated"
    title = "A newer decision of the person is recorded"
    status = 409
