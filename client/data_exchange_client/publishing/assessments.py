"""References to assessments on file: a report's name, digest and day. The report itself stays with its owner."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from data_exchange_client.publishing.sources import FileSource


def read_assessment(report: Path | None, concluded: datetime) -> dict[str, Any]:
    """The member `assessments` of a dataset's document: the impact assessment, if there is a report. Raises CannotDo."""
    if report is None:
        return {}
    FileSource(report).require()
    with report.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"impact": {"reference": report.name, "digest": digest, "concluded_on": concluded.date().isoformat()}}
