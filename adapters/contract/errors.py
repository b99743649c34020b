"""Errors of sources: their codes, and one exception."""

from typing import Literal, TypeAlias

Code: TypeAlias = Literal[
    "file-unreadable",  # cannot be opened, or is damaged
    "file-empty",  # no rows
    "file-encrypted",  # needs a password
    "kind-unsupported",  # a PDF, an archive, a page of HTML …
    "encoding-unknown",  # text that is neither UTF-8 nor GB18030 nor UTF-16
    "header-missing",  # no row names the columns
    "row-ragged",  # rows with too few or too many cells
    "row-malformed",  # a quote never closed, a line that is no JSON object
    "sheet-missing",  # no such sheet in the workbook
    "too-large",  # beyond a limit that the message names
    "value-unfit",  # a value that its column's type cannot hold
    "option-invalid",  # an option that cannot be followed
    "snapshot-missing",  # no snapshot file
    "snapshot-altered",  # the snapshot's digest has changed
    "host-not-allowed",  # the operator allows no source there
    "source-unreachable",  # no connection
    "source-denied",  # the source refuses the role
    "source-timeout",  # the source took too long
    "source-busy",  # as many requests as may run at the source do
    "source-failed",  # the source reported another error
    "source-changed",  # a described column is gone or has another type
    "relation-missing",  # no such table or view
    "type-unsupported",  # no column of a type that can be delivered
]


class SourceError(Exception):
    """An error of a source.

    `where` is a location (`row 7`, `line 12, column 3`, `sheet "2024"`). Neither it nor `detail` holds a value of the data
    or a secret of the connection, so both may be shown and logged.
    """

    def __init__(self, code: Code, detail: str, where: str | None = None) -> None:
        super().__init__(f"{detail} ({where})" if where else detail)
        self.code: Code = code
        self.detail = detail
        self.where = where
