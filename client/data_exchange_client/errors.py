"""Errors of a consuming system, one class for each thing it can do next."""

from collections.abc import Mapping
from typing import Any


class ExchangeError(Exception):
    """The base class of this client's errors."""


class ExchangeProblem(ExchangeError):
    """The exchange refused or failed, with a problem document (RFC 9457).

    `type` is the problem's last path segment (`agreement-suspended`), `entry` the ledger index of the refusal where
    there is one, `reasons` the rules that refused and what would satisfy them. `is_signed` is whether the answer's
    signature verified: an unsigned problem may come from any proxy on the way, and proves nothing.
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
        """The problem's slug; `about:blank` if the answer has none."""
        return str(self.document.get("type", "about:blank")).rpartition("/")[2]

    @property
    def title(self) -> str:
        """The problem's short name."""
        return str(self.document.get("title", "The exchange did not answer as agreed"))

    @property
    def detail(self) -> str:
        """The explanation, with what helps."""
        return str(self.document.get("detail", ""))

    @property
    def entry(self) -> int | None:
        """The ledger index of the refusal."""
        entry = self.document.get("entry")
        return entry if isinstance(entry, int) else None

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Every rule that refused: `code`, `rule`, and `remedy`."""
        reasons = self.document.get("reasons")
        return [dict(reason) for reason in reasons if isinstance(reason, Mapping)] if isinstance(reasons, list) else []


class ResponseUntrusted(ExchangeError):
    """An answer does not prove that it is the exchange's, complete, and to this request. Use nothing of it."""


class DeliveryAborted(ResponseUntrusted):
    """A stream ended early, or differs from what the exchange's ledger says was sent."""


class TrustError(ExchangeError):
    """The exchange's identity cannot be read, or is not the pinned one."""


class ReceiptInvalid(ExchangeError):
    """A receipt does not prove that the entry is in the exchange's ledger."""


class KeyFileError(ExchangeError):
    """A key file cannot be used: it is missing, not an Ed25519 key, or readable by others."""
