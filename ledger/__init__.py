"""The audit ledger that anyone can verify: its formats, its entries, its log in PostgreSQL, its verifier and witness.

An auditor's script needs a key and an exported ledger, or the URL of one through `ledger.bundle.remote`:

    from pathlib import Path
    from ledger import Verifier, verify
    key = Verifier.parse(Path("exchange.vkey").read_text().strip())
    report = verify(Path("export"), verifier=key)
    print(report.text())

The names below are imported on first use, so that `ledger.format` stays light and pure.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ledger.bundle.files import Bundle
    from ledger.format.note import Verifier
    from ledger.format.receipt import Receipt, ReceiptInvalid, verify_receipt
    from ledger.verification.report import Finding, Report
    from ledger.verification.verify import verify

__all__ = ["Bundle", "Finding", "Receipt", "ReceiptInvalid", "Report", "Verifier", "verify", "verify_receipt"]

_HOMES: Final = {
    "Bundle": "ledger.bundle.files",
    "Finding": "ledger.verification.report",
    "Receipt": "ledger.format.receipt",
    "ReceiptInvalid": "ledger.format.receipt",
    "Report": "ledger.verification.report",
    "Verifier": "ledger.format.note",
    "verify": "ledger.verification.verify",
    "verify_receipt": "ledger.format.receipt",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562). Raises AttributeError for any other."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
