"""What is wrong with a statement's export: the place, and what it is."""

from dataclasses import dataclass

from ledger.format import note
from ledger.format.receipt import ReceiptInvalid, verify_receipt
from ledger.format.rotation import History


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: the place in the export or in the statement, and what it is."""

    place: str
    detail: str

    def text(self) -> str:
        """The place and what is wrong there."""
        return f"{self.place}: {self.detail}"


class ExportRefused(Exception):
    """The export cannot be followed further; the reason."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(detail)
        self.wrong = Wrong(place, detail)


def receive(place: str, receipt: str, leaf: bytes, key: note.Verifier | History) -> None:
    """Check an entry's receipt. Raises ExportRefused with the receipt's place below `place`."""
    try:
        verify_receipt(receipt, leaf, key)
    except ReceiptInvalid as error:
        raise ExportRefused(f"{place}/receipt", str(error)) from error
