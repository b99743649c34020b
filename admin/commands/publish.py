"""`exchange publish`: a file of one's own becomes a published dataset, through the same API that everybody uses."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from admin import proposing
from admin.proposing import Proposed
from admin.terminal import CannotDo, words_of
from data_exchange_client.api import Client
from data_exchange_client.errors import ExchangeProblem

PURPOSES = ("talent-service", "statistics")
_DIGEST_SHOWN = 8
_HANDLE_MAX = 63
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be published, and how: `handle` empty means one made from the title or the file's name."""

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
class Found:
    """What the exchange found in the file, and what would be published of it."""

    source: dict[str, Any]
    fields: tuple[Proposed, ...]
    handle: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset, and the ledger index of its publication."""

    dataset: dict[str, Any]
    entry: int | None


def demand_file(path: Path) -> None:
    """Raise CannotDo for what is no file that can be read."""
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


def publish(client: Client, wish: Wish, *, confirm: Callable[[Found], bool]) -> Published | None:
    """Upload the file, show what was found, and publish it once `confirm` says so; None where it does not.

    A source that comes to nothing is withdrawn again. Raises CannotDo, and what Client.request raises.
    """
    _demand_text(wish)
    me = client.request("GET", "/api/v1/me").json()
    owner = me["organisation"]["handle"]
    handle = wish.handle or handle_for(wish)
    _demand_free(client, owner, handle)
    assessments = {"impact": _assessment(*wish.impact)} if wish.impact else {}
    new = {"kind": "file", "title": wish.title, "options": wish.options}
    source = client.request(
        "POST", "/api/v1/sources", json={"organisation": me["organisation"]["id"], "source": new}
    ).json()
    is_done = False
    try:
        found = _read(client, source["id"], wish, handle)
        if not confirm(found):
            return None
        document = proposing.document(
            found.fields,
            title={"zh": wish.title, "en": wish.title_en or wish.title},
            description={"zh": wish.title, "en": wish.title_en or wish.title},
            purposes=wish.purposes,
            module=wish.module,
            assessments=assessments,
        )
        drafted = client.request(
            "POST", "/api/v1/datasets", json={"source": source["id"], "handle": handle, "document": document}
        ).json()
        answer = client.request("POST", f"/api/v1/datasets/{drafted['id']}/publication")
        is_done = True
    except ExchangeProblem as problem:
        raise CannotDo(f"{wish.file.name}: {words_of(problem)}", hint=_hint(problem)) from problem
    finally:
        if not is_done:
            client.request("POST", f"/api/v1/sources/{source['id']}/withdrawal")
    return Published(answer.json(), answer.entry)


def _read(client: Client, source: str, wish: Wish, handle: str) -> Found:
    described = client.request(
        "PUT",
        f"/api/v1/sources/{source}/content",
        params={"filename": "upload" + wish.file.suffix.encode("ascii", "ignore").decode()},
        content=wish.file,
        headers={"content-type": "application/octet-stream"},
    ).json()
    names = {one["name"] for one in described["description"]["fields"]}
    unknown = [name for name in (*wish.clear, *wish.personal) if name not in names]
    if unknown:
        raise CannotDo(f"the file has no field {', '.join(unknown)}", hint=f"it has: {', '.join(sorted(names))}")
    fields = proposing.propose(described["description"], clear=wish.clear, personal=wish.personal)
    return Found(described, fields, handle)


def _assessment(report: Path, concluded: date) -> dict[str, str]:
    """An assessment on file: the report's name and digest; the report itself stays where it is. Raises CannotDo."""
    demand_file(report)
    with report.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"reference": report.name, "digest": digest, "concluded_on": concluded.isoformat()}


def _demand_text(wish: Wish) -> None:
    typed = [wish.title, wish.title_en, wish.handle, *wish.purposes, *wish.clear, *wish.personal]
    try:
        "".join([*typed, *map(str, wish.options.values())]).encode()
    except UnicodeEncodeError:
        raise CannotDo(
            "something that was typed is no text", hint="its bytes do not fit the terminal's encoding"
        ) from None


def _demand_free(client: Client, owner: str, handle: str) -> None:
    try:
        client.request("GET", f"/api/v1/datasets/by-handle/{owner}/{handle}")
    except ExchangeProblem as problem:
        if problem.status == _NOT_FOUND:
            return
        raise
    raise CannotDo(f"{owner} has a dataset {handle} already", hint="choose another name with --handle")


def handle_for(wish: Wish) -> str:
    """A handle from the English title, the title or the file's name; from the content where none has Latin letters."""
    for text in (wish.title_en, wish.title, wish.file.stem):
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        handle = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_HANDLE_MAX].strip("-")
        if re.search("[a-z]{2}", handle):
            return handle
    with wish.file.open("rb") as file:
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
