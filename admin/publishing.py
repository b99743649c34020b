"""Publish a file as a dataset, through the API that everybody uses: upload, propose, confirm, publish."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from admin import proposal
from admin.proposal import ProposedField
from admin.terminal import CannotDo, problem_line
from data_exchange_client.api import Client
from data_exchange_client.errors import ExchangeProblem

PURPOSES = ("talent-service", "statistics")
_DIGEST_SHOWN = 8
_HANDLE_MAX = 63
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Publication:
    """A file to publish, and its dataset's options. An empty `handle` is made from the title or the file's name.

    `clear` and `personal` name fields as `propose_fields` takes them; `impact` is the report of the impact assessment and
    the day it was concluded; `module` the digest of the owner's module; `options` are the import's.
    """

    file: Path
    owner: str
    title: str
    title_en: str = ""
    handle: str = ""
    purposes: Sequence[str] = PURPOSES
    clear: Sequence[str] = ()
    personal: Sequence[str] = ()
    impact: tuple[Path, date] | None = None
    module: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """The uploaded source as the API returns it, and the fields and handle that would be published."""

    source: dict[str, Any]
    fields: tuple[ProposedField, ...]
    handle: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset, and the ledger index of its publication."""

    dataset: dict[str, Any]
    entry: int | None


def require_file(path: Path) -> None:
    """Raise CannotDo unless the path is a readable file with content."""
    if not path.exists():
        raise CannotDo(f"there is no file {path}")
    if not path.is_file():
        raise CannotDo(f"{path} is not a file")
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        raise CannotDo(f"{path} cannot be read: {error.strerror}") from error
    if is_empty:
        raise CannotDo(f"{path} is empty")


def publish(client: Client, publication: Publication, *, confirm: Callable[[Draft], bool]) -> Published | None:
    """Upload the file, and publish it if `confirm` accepts the draft; None where it does not.

    The source of a file that is not published is withdrawn. Raises CannotDo, and what Client.request raises.
    """
    _require_text(publication)
    me = client.request("GET", "/api/v1/me").json()
    owner = me["organisation"]["handle"]
    handle = publication.handle or handle_for(publication)
    _require_free(client, owner, handle)
    assessments = {"impact": _assessment(*publication.impact)} if publication.impact else {}
    new = {"kind": "file", "title": publication.title, "options": publication.options}
    source = client.request(
        "POST", "/api/v1/sources", json={"organisation": me["organisation"]["id"], "source": new}
    ).json()
    is_done = False
    try:
        draft = _upload(client, source["id"], publication, handle)
        if not confirm(draft):
            return None
        document = proposal.dataset_document(
            draft.fields,
            title={"zh": publication.title, "en": publication.title_en or publication.title},
            description={"zh": publication.title, "en": publication.title_en or publication.title},
            purposes=publication.purposes,
            module=publication.module,
            assessments=assessments,
        )
        dataset = client.request(
            "POST", "/api/v1/datasets", json={"source": source["id"], "handle": handle, "document": document}
        ).json()
        answer = client.request("POST", f"/api/v1/datasets/{dataset['id']}/publication")
        is_done = True
    except ExchangeProblem as problem:
        raise CannotDo(f"{publication.file.name}: {problem_line(problem)}", hint=_hint(problem)) from problem
    finally:
        if not is_done:
            client.request("POST", f"/api/v1/sources/{source['id']}/withdrawal")
    return Published(answer.json(), answer.entry)


def _upload(client: Client, source: str, publication: Publication, handle: str) -> Draft:
    described = client.request(
        "PUT",
        f"/api/v1/sources/{source}/content",
        params={"filename": "upload" + publication.file.suffix.encode("ascii", "ignore").decode()},
        content=publication.file,
        headers={"content-type": "application/octet-stream"},
    ).json()
    names = {field["name"] for field in described["description"]["fields"]}
    unknown = [name for name in (*publication.clear, *publication.personal) if name not in names]
    if unknown:
        raise CannotDo(f"the file has no field {', '.join(unknown)}", hint=f"it has: {', '.join(sorted(names))}")
    fields = proposal.propose_fields(described["description"], clear=publication.clear, personal=publication.personal)
    return Draft(described, fields, handle)


def _assessment(report: Path, concluded: date) -> dict[str, str]:
    """The reference to an assessment: the report's name and digest. The report is not uploaded. Raises CannotDo."""
    require_file(report)
    with report.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"reference": report.name, "digest": digest, "concluded_on": concluded.isoformat()}


def _require_text(publication: Publication) -> None:
    texts = [publication.title, publication.title_en, publication.handle]
    for several in (publication.purposes, publication.clear, publication.personal, publication.options.values()):
        texts += map(str, several)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise CannotDo("an argument is no text", hint="its bytes do not fit the terminal's encoding") from None


def _require_free(client: Client, owner: str, handle: str) -> None:
    try:
        client.request("GET", f"/api/v1/datasets/by-handle/{owner}/{handle}")
    except ExchangeProblem as problem:
        if problem.status == _NOT_FOUND:
            return
        raise
    raise CannotDo(f"{owner} has a dataset {handle} already", hint="choose another name with --handle")


def handle_for(publication: Publication) -> str:
    """A handle from the English title, the title or the file's name; from the content where none has Latin letters."""
    for text in (publication.title_en, publication.title, publication.file.stem):
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        handle = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_HANDLE_MAX].strip("-")
        if re.search("[a-z]{2}", handle):
            return handle
    with publication.file.open("rb") as file:
        return f"data-{hashlib.file_digest(file, 'sha256').hexdigest()[:_DIGEST_SHOWN]}"


def _hint(problem: ExchangeProblem) -> str:
    match problem.document.get("code"):
        case "row-ragged":
            return "correct those rows, or accept short ones as they are with --pad"
        case "sheet-missing":
            return "name a sheet that is there with --sheet"
        case "encoding-unknown":
            return "name the encoding with --encoding, such as gb18030"
        case "header-missing":
            return "say in which row the names are with --header-row (0: there are none)"
        case _:
            return ""
