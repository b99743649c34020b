"""Publish a source as a dataset, or as its next version; discard its draft.

Every step is a request that everybody may send. If this process is killed between two of them, a registered source or a
draft is left, which delivers nothing; the next publication of the same content and title replaces that draft, and withdraws
that source.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from data_exchange_client.api import Client
from data_exchange_client.connection import Answer
from data_exchange_client.errors import CannotDo, ExchangeError, ExchangeProblem
from data_exchange_client.publishing.documents import first_document, next_document
from data_exchange_client.publishing.explaining import explained, explained_terms
from data_exchange_client.publishing.leftovers import find_left, withdraw_left
from data_exchange_client.publishing.sources import TYPES, FileSource, Source
from data_exchange_client.publishing.terms_file import name_consumers, resolve_consumers

PURPOSES: Final = ("talent-service", "statistics")
"""The purposes of a dataset whose owner states none."""

_DIGEST_SHOWN: Final = 8
_HANDLE_MAX: Final = 63
_NOT_FOUND: Final = 404
_KEPT_OPTIONS: Final = ("sheet", "encoding", "time_zone", "hidden")


@dataclass(frozen=True, slots=True)
class Publication:
    """A source to publish, and its dataset's options.

    `owner` is the owner's handle as the person states it, empty for whoever holds the key. An empty `handle` is made from
    the title or the source's name. `clear` and `personal` name fields about nobody and about people. `terms` are members of
    the dataset's terms, among them `masks`; `terms_file` is the file they were read from. `assessments` are those on file.
    `updates` publishes the next version of the dataset; `unfit` and `reason` state what becomes of agreements that it does
    not fit.
    """

    source: Source
    owner: str = ""
    title: str = ""
    title_en: str = ""
    handle: str = ""
    purposes: Sequence[str] = ()
    clear: Sequence[str] = ()
    personal: Sequence[str] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)
    terms_file: Path | None = None
    assessments: Mapping[str, Any] = field(default_factory=dict)
    module: str | None = None
    legal_basis: str | None = None
    updates: bool = False
    unfit: str = ""
    reason: str = ""

    @property
    def titles(self) -> dict[str, str]:
        """The titles that are stated, by language."""
        return {"zh": self.title, "en": self.title_en or self.title} if self.title else {}


@dataclass(frozen=True, slots=True)
class Draft:
    """A dataset before its publication: the owner's handle, its own, the source, the exchange's proposal, the document."""

    owner: str
    handle: str
    source: Mapping[str, Any]
    proposal: Mapping[str, Any]
    document: Mapping[str, Any]
    following: Mapping[str, Any] | None
    """The published dataset of which this is the next version; None for a first one."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """Options of reading the file that were stated for the published version and hold on."""
    handles: Mapping[str, str] = field(default_factory=dict)
    """The handles of the organisations that the terms name, by id."""
    replaces: bool = False
    """Whether it replaces a draft that an earlier run of the same publication left."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset, the ledger index of its publication, and the number of sources of earlier runs it took back."""

    dataset: Mapping[str, Any]
    entry: int | None
    taken_back: int = 0


@dataclass(frozen=True, slots=True)
class Questions:
    """Confirmations before each step that others would notice: of the draft, and of its effects on agreements."""

    accept_draft: Callable[[Draft], bool]
    accept_effects: Callable[[Mapping[str, Any]], bool] = lambda _effects: True


def publish(client: Client, publication: Publication, questions: Questions) -> Published | None:
    """Register and upload the source, and publish it if the answers are yes; None where one is no.

    What is not published is taken back: the new source is withdrawn. Raises CannotDo, and what Client.request raises.
    """
    _require_sense(publication)
    publication.source.require()
    me = client.request("GET", "/api/v1/me").json()
    owner = str(me["organisation"]["handle"])
    if publication.owner not in ("", owner):
        raise CannotDo(
            f"this key acts for {owner}, not for {publication.owner}",
            hint=f"leave --owner out, or use a key of {publication.owner}",
        )
    handle = publication.handle or handle_for(publication)
    existing = _existing(client, owner, handle, publication)
    leftover = existing if existing is not None and not publication.updates else None
    existing = None if leftover is not None else existing
    if existing is None and not publication.title:
        raise CannotDo("a new dataset needs a title", hint="state it with --title")
    terms = resolve_consumers(client, publication.terms)
    title = publication.title or f"{owner}/{handle}"
    original, kept = _with_kept_options(client, publication.source, existing)
    left = find_left(client, original, title)
    with explained(publication.source.name), _Undoing(client) as undoing:
        source = _read_source(client, original, me["organisation"]["id"], title, existing, undoing)
        with explained_terms(publication.terms_file):
            draft = _draft(client, publication, owner, handle, source, existing, terms)
            dataset = None
            # A stored draft is checked, so faults are shown before the question. A draft that is there stays until the yes.
            if existing is None or existing["draft"] is None:
                dataset = _store(client, draft, leftover)
                undoing.add("DELETE", f"/api/v1/datasets/{dataset['id']}/draft")
        draft = replace(
            draft, replaces=leftover is not None, kept=kept, handles=name_consumers(client, draft.document["terms"])
        )
        if not questions.accept_draft(draft):
            return None
        if dataset is None:
            with explained_terms(publication.terms_file):
                dataset = _store(client, draft, leftover)
        if existing is not None and existing["version"]:
            effects = client.request("POST", f"/api/v1/datasets/{dataset['id']}/draft/effects").json()
            if not questions.accept_effects(effects):
                return None
            _require_fit(effects, publication)
        answer = _release(client, dataset["id"], publication)
        undoing.forget()
    if leftover is not None:
        with suppress(ExchangeProblem):  # it is used elsewhere, or withdrawn already
            client.request("POST", f"/api/v1/sources/{leftover['source']}/withdrawal")
    return Published(answer.json(), answer.entry, taken_back=withdraw_left(client, left))


def discard_draft(client: Client, name: str) -> Answer:
    """Discard a dataset's draft; a published version stays as it is. Raises as Client.request."""
    dataset = read_own(client, name)
    return client.request("DELETE", f"/api/v1/datasets/{dataset['id']}/draft")


def read_own(client: Client, name: str) -> dict[str, Any]:
    """A dataset by its id, by `<organisation>/<dataset>`, or by the handle alone where it is one's own organisation's."""
    organisation, slash, handle = name.rpartition("/")
    if not re.fullmatch(r"[a-z0-9-]+", handle, re.IGNORECASE):
        raise CannotDo(f"{name!r} is no name of a dataset", hint="name it by its id, or as <organisation>/<dataset>")
    if not slash and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name, re.IGNORECASE):
        return dict(client.request("GET", f"/api/v1/datasets/{name}").json())
    if not slash:
        organisation = client.request("GET", "/api/v1/me").json()["organisation"]["handle"]
    return dict(client.request("GET", f"/api/v1/datasets/by-handle/{organisation}/{handle}").json())


def handle_for(publication: Publication) -> str:
    """A handle from the English title, the title or the source's name; from its content where none has Latin letters."""
    stem = publication.source.name.rpartition(".")[0] or publication.source.name
    for text in (publication.title_en, publication.title, stem):
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
        handle = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_HANDLE_MAX].strip("-")
        if re.search("[a-z]{2}", handle):
            return handle
    return f"data-{publication.source.digest()[:_DIGEST_SHOWN]}"


def _existing(client: Client, owner: str, handle: str, publication: Publication) -> dict[str, Any] | None:
    """The dataset of this handle: for an update, or a draft that an earlier run of this publication left.

    Raises CannotDo where there should be none, or one.
    """
    updates = publication.updates
    try:
        dataset = dict(client.request("GET", f"/api/v1/datasets/by-handle/{owner}/{handle}").json())
    except ExchangeProblem as problem:
        if problem.status != _NOT_FOUND:
            raise
        dataset = {"state": "withdrawn"}
    name = f"{owner}/{handle}"
    if dataset["state"] == "withdrawn":
        if updates:
            raise CannotDo(f"there is no dataset {name} to update", hint="leave --update out to publish a new one")
        return None
    if updates:
        return dataset
    if dataset["state"] == "draft" and _is_left_by(client, dataset, publication):
        return dataset
    if dataset["state"] == "draft":
        raise CannotDo(
            f"{name} is a draft already, which was never published",
            hint=f"go on with it by --update, or discard it: exchange-client draft discard {name}",
        )
    raise CannotDo(
        f"{name} is published already",
        hint="--update publishes its next version (new content alone: exchange-client refresh); --handle names another dataset",
    )


def _is_left_by(client: Client, dataset: Mapping[str, Any], publication: Publication) -> bool:
    """Whether an earlier run of the same publication, which was killed, left a draft: of this title, over this content."""
    titles = {language: text for language, text in dataset["draft"]["title"].items() if text}
    if titles != publication.titles:
        return False
    source = client.request("GET", f"/api/v1/sources/{dataset['source']}").json()
    if isinstance(publication.source, FileSource):
        return bool(source["content"] == publication.source.digest())
    return bool((source["kind"], source["title"]) == ("postgresql", publication.title))


def _with_kept_options(
    client: Client, source: Source, existing: Mapping[str, Any] | None
) -> tuple[Source, dict[str, Any]]:
    """A file with the options under which the published one is read, unless others are stated; and those options."""
    if not isinstance(source, FileSource) or existing is None or existing.get("source") is None:
        return source, {}
    before = client.request("GET", f"/api/v1/sources/{existing['source']}").json().get("options") or {}
    kept = {name: before[name] for name in _KEPT_OPTIONS if name in before and name not in source.options}
    return replace(source, options={**kept, **source.options}), kept


def _read_source(
    client: Client,
    source: Source,
    organisation: str,
    title: str,
    existing: Mapping[str, Any] | None,
    undoing: "_Undoing",
) -> dict[str, Any]:
    """Register a source and upload its file. A file that reads otherwise than the published one is read by its types."""
    registered = _register(client, organisation, source.document(title, {}), undoing)
    if not isinstance(source, FileSource):
        return registered
    described = source.upload(client, registered["id"])
    published = _types_of(existing)
    stated = source.options.get("types", {})
    differing = {
        field["name"]: published[field["name"]]
        for field in described["description"]["fields"]
        if field["name"] not in stated and published.get(field["name"], field["type"]) != field["type"]
    }
    if not differing:
        return described
    client.request("POST", f"/api/v1/sources/{registered['id']}/withdrawal")
    undoing.forget()
    registered = _register(client, organisation, source.document(title, differing), undoing)
    return source.upload(client, registered["id"])


def _types_of(existing: Mapping[str, Any] | None) -> dict[str, str]:
    """The types of a published dataset's fields, as far as a file can be read by them."""
    document = _document_of(existing)
    return {field["name"]: field["type"] for field in document["fields"] if field["type"] in TYPES} if document else {}


def _document_of(existing: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The published document of a dataset, or its draft before the first version."""
    return (existing["document"] or existing["draft"]) if existing is not None else None


def _register(client: Client, organisation: str, new: dict[str, Any], undoing: "_Undoing") -> dict[str, Any]:
    source = dict(client.request("POST", "/api/v1/sources", json={"organisation": organisation, "source": new}).json())
    undoing.add("POST", f"/api/v1/sources/{source['id']}/withdrawal")
    return source


def _draft(
    client: Client,
    publication: Publication,
    owner: str,
    handle: str,
    source: Mapping[str, Any],
    existing: Mapping[str, Any] | None,
    terms: Mapping[str, Any],
) -> Draft:
    before = _document_of(existing)
    names = {field["name"] for field in source["description"]["fields"]}
    unknown = [name for name in (*publication.clear, *publication.personal) if name not in names]
    if unknown:
        raise CannotDo(
            f"{publication.source.name} has no field {', '.join(unknown)}", hint=f"it has: {', '.join(sorted(names))}"
        )
    masks: dict[str, Any] = {}
    if before is not None:
        masks = {field["name"]: before["terms"]["masks"].get(field["name"]) for field in before["fields"]}
    masks = {name: mask for name, mask in masks.items() if name in names} | dict(terms.get("masks") or {})
    request = {"clear": list(publication.clear), "personal": list(publication.personal), "masks": masks}
    proposal = client.request("POST", f"/api/v1/sources/{source['id']}/proposal", json=request).json()
    stated: dict[str, Any] = {name: value for name, value in terms.items() if name != "masks"}
    if publication.module:
        stated["module"] = publication.module
    if publication.legal_basis:
        stated["basis"] = publication.legal_basis
    more: dict[str, Any] = {"assessments": dict(publication.assessments)} if publication.assessments else {}
    if before is None:
        purposes = publication.purposes or terms.get("purposes") or PURPOSES
        document = first_document(proposal["fields"], title=publication.titles, purposes=purposes, terms=stated, **more)
    else:
        if publication.purposes:
            stated["purposes"] = list(publication.purposes)
        if publication.titles:
            more["title"] = publication.titles
        document = next_document(before, proposal["fields"], terms=stated, **more)
    return Draft(owner, handle, source, proposal, document, existing)


def _store(client: Client, draft: Draft, leftover: Mapping[str, Any] | None) -> dict[str, Any]:
    """Draft a new dataset, or replace the draft of the existing one, or the one that an earlier run left."""
    new = {"source": draft.source["id"], "handle": draft.handle, "document": draft.document}
    drafted = draft.following or leftover
    if drafted is None:
        return dict(client.request("POST", "/api/v1/datasets", json=new).json())
    return dict(client.request("PUT", f"/api/v1/datasets/{drafted['id']}/draft", json=new).json())


def _require_fit(effects: Mapping[str, Any], publication: Publication) -> None:
    """Raise CannotDo for a version that does not fit agreements, unless it is stated what becomes of them."""
    misfits = [change["agreement"] for change in effects["agreements"] if change.get("unfit")]
    if misfits and not publication.unfit:
        raise CannotDo(
            f"this version does not fit {len(misfits)} agreement{'s' * (len(misfits) > 1)}: {', '.join(misfits)}",
            hint="state what becomes of them: --unfit keep, suspend or terminate, with --reason",
        )


def _release(client: Client, dataset: str, publication: Publication) -> Answer:
    unfit = {"unfit": publication.unfit, "reason": publication.reason} if publication.unfit else None
    return client.request("POST", f"/api/v1/datasets/{dataset}/publication", json=unfit)


class _Undoing:
    """Requests that take back what a block did; sent at its end in reverse order, unless they were forgotten."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._requests: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        for method, path in reversed(self._requests):
            with suppress(ExchangeError, httpx2.HTTPError):  # what ended the block matters more
                self._client.request(method, path)

    def add(self, method: str, path: str) -> None:
        """Add a request."""
        self._requests.append((method, path))

    def forget(self) -> None:
        """Forget all requests: what was done stays."""
        self._requests.clear()


def _require_sense(publication: Publication) -> None:
    if bool(publication.unfit) != bool(publication.reason):
        raise CannotDo("--unfit and --reason belong together")
    texts = [publication.title, publication.title_en, publication.handle, publication.reason]
    for several in (publication.purposes, publication.clear, publication.personal):
        texts += map(str, several)
    if isinstance(publication.source, FileSource):
        texts += map(str, publication.source.options.values())
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise CannotDo("an argument is no text", hint="its bytes do not fit the terminal's encoding") from None
