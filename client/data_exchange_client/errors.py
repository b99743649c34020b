"""What can go wrong for a consuming system, apart by what it should do next."""

from collections.abc import Mapping
from typing import Any


class ExchangeError(Exception):
    """The root of everything this client raises on its own account."""


class ExchangeProblem(ExchangeError):
    """The exchange refused or failed, and says why (RFC 9457).

    `type` is the problem's last path segment (`agreement-suspended`), `entry` the ledger index of the refusal where
    there is one, `reasons` what each rule said and what would satisfy it. `is_signed` tells whether the answer's
    signature verified: an unsigned problem may come from anything on the way and proves nothing.
    """

    def __init__(
        self, *, status: int, document: Mapping[str, Any], is_signed: bool, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.document = dict(document)
        self.is_signed = is_signed
        self.headers = dict(headers or {})
        super().__init__(f"{status} {self.title}: {self.detail}" if self.detail else f"{status} {self.title}")

    @property
    def type(self) -> str:
        """The problem's slug, `about:blank` where the answer names none."""
        return str(self.document.get("type", "about:blank")).rpartition("/")[2]

    @property
    def title(self) -> str:
        """The problem's short name."""
        return str(self.document.get("title", "The exchange did not answer as agreed"))

    @property
    def detail(self) -> str:
        """What to do about it."""
        return str(self.document.get("detail", ""))

    @property
    def entry(self) -> int | None:
        """The ledger index of the refusal."""
        entry = self.document.get("entry")
        return entry if isinstance(entry, int) else None

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Every rule that said no: `code`, `rule`, and what would satisfy it."""
        reasons = self.document.get("reasons")
        return [dict(reason) for reason in reasons if isinstance(reason, Mapping)] if isinstance(reasons, list) else []


class ResponseUntrusted(ExchangeError):
    """An answer cannot be shown to be the exchange's, complete, and to this request. Use nothing of it."""


class DeliveryAborted(ResponseUntrusted):
    """A stream ended early, or is not what the exchange's ledger says was sent."""


class TrustError(ExchangeError):
    """The exchange's identity cannot be read, or is not the pinned one."""


class ReceiptInvalid(ExchangeError):
    """A receipt does not prove that the entry is in the exchange's ledger."""


class KeyFileError(ExchangeError):
    """A key file cannot be used: it is missing, not an Ed25519 key, or readable by others."""
