"""Errors of a consuming system, one class for each thing it can do next."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_KNOWN: Final = frozenset({"type", "title", "status", "detail", "instance", "entry", "errors", "reasons"})
_ERRORS_SHOWN: Final = 5
_LISTED: Final = re.compile("what `errors` lists")
_POINTED: Final = re.compile("(?:where|at the places in) `errors`(?: (?:says|points))?")


class ExchangeError(Exception):
    """The base class of this client's errors."""


class ExchangeProblem(ExchangeError):
    """The exchange refused or failed, with a problem document (RFC 9457).

    `type` is the problem's last path segment (`agreement-suspended`), `entry` the ledger index of the refusal where
    there is one, `reasons` the rules that refused and what would satisfy them, `errors` the faults of the request and
    their places, `retry_after` when to try again. Its text has them all, a line each. `is_signed` is whether the answer's
    signature verified: an unsigned problem may come from any proxy on the way, and proves nothing.
    """

    def __init__(
        self, *, status: int, document: Mapping[str, Any], is_signed: bool, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.document = dict(document)
        self.is_signed = is_signed
        self.headers = dict(headers or {})
        super().__init__("\n".join(self._lines()))

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
        """The explanation, with what helps; words about the document's members are words about the lines that follow."""
        detail = str(self.document.get("detail", ""))
        return _LISTED.sub("what follows", _POINTED.sub("as follows", detail))

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

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every fault of the request: `at`, the place in it, and `error`."""
        errors = self.document.get("errors")
        return [dict(error) for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []

    @property
    def retry_after(self) -> str | None:
        """The time to try again: seconds or a date, as in the header `Retry-After` (RFC 9110 section 10.2.3)."""
        return self.headers.get("retry-after")

    @property
    def line(self) -> str:
        """The problem on one line: its title, what helps, where, and the first faults of the document that was sent."""
        where = self.document.get("where")
        faults = "; ".join(
            f"{_pointer(error.get('at'))}: {error.get('error')}" for error in self.errors[:_ERRORS_SHOWN]
        )
        return "".join(
            (
                self.title,
                f": {self.detail}" if self.detail else "",
                f" ({where})" if where else "",
                f" [{self.document['code']}]" if "code" in self.document else "",
                f" {faults}" if faults else "",
            )
        )

    def _lines(self) -> Iterator[str]:
        yield f"{self.status} {self.title}: {self.detail}" if self.detail else f"{self.status} {self.title}"
        for error in self.errors:
            yield f"  {_pointer(error.get('at'))}: {error.get('error')}"
        for reason in self.reasons:
            rule = reason.get("rule") or reason.get("code")
            about = f" ({reason['ref']})" if reason.get("ref") else ""
            yield f"  {rule}{about}: {reason.get('remedy', '')}".rstrip(": ")
        for name, value in self.document.items():
            if name not in _KNOWN:
                yield f"  {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        if self.retry_after is not None:
            yield f"  try again after: {self.retry_after}{' seconds' if self.retry_after.isdecimal() else ''}"


class CannotDo(ExchangeError):
    """Something the person at the terminal can put right: what is wrong, and what helps in `hint`."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


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


def _pointer(place: Any) -> str:
    """A place in a request as text; places may come as a path of names and numbers."""
    return "/".join(map(str, place)) if isinstance(place, list) else str(place)
