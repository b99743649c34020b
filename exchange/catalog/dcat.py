"""The public catalogue as DCAT-AP 3 in JSON-LD, so that any data portal can harvest it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from exchange.catalog.checks import withhold_from_others
from exchange.catalog.schemas import Bilingual, DatasetDocument
from exchange.catalog.view import Listed
from exchange.sources.view import SourceView
from policies.odrl.writing import PROFILE

MEDIA_TYPE = "application/ld+json"

_CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "org": "http://www.w3.org/ns/org#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dx": f"{PROFILE}#",
    # Terms are one JSON value each, as the API has them (JSON-LD 1.1 section 4.2.2).
    "dx:terms": {"@id": "dx:terms", "@type": "@json"},
    "dx:classification": {"@id": "dx:classification", "@type": "@json"},
    "dx:sharing": {"@id": "dx:sharing", "@type": "@json"},
}
_DATATYPES = {
    "string": "xsd:string",
    "integer": "xsd:integer",
    "decimal": "xsd:decimal",
    "number": "xsd:double",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "timestamp": "xsd:dateTime",
}
_ACCESS = "http://publications.europa.eu/resource/authority/access-right/"
_FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
_FREQUENCIES = {
    "real-time": "CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "yearly": "ANNUAL",
    "irregular": "IRREG",
}
_RIGHTS = {"unconditional": "RESTRICTED", "conditional": "RESTRICTED", "not_shared": "NON_PUBLIC"}


def _text(text: Bilingual) -> list[dict[str, str]]:
    return [{"@value": text.zh, "@language": "zh"}, {"@value": text.en, "@language": "en"}]


def _time(moment: datetime) -> dict[str, str]:
    return {"@value": moment.isoformat(), "@type": "xsd:dateTime"}


def _node(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def catalogue(
    listed: Sequence[Listed],
    refreshed: Mapping[UUID, SourceView],
    *,
    url: str,
    operator: str,
    search: Mapping[str, str] = MappingProxyType({}),
    is_cut: bool = False,
) -> dict[str, Any]:
    """The catalogue of published datasets, or with `is_cut` a page of it that names the next page.

    `refreshed` are the datasets' sources, whose content has a version and a time; `search` is what the page was asked for.

    Classes and mandatory properties follow DCAT-AP 3.0.1: a catalogue has a title, a description and one publisher; a
    dataset a title and a description; a distribution an access URL; a data service a title and an endpoint.
    """
    service = f"{url}/api/v1/deliveries"
    graph: list[dict[str, Any]] = [
        {
            "@id": f"{url}/catalog",
            "@type": "dcat:Catalog",
            "dct:title": _text(Bilingual(zh="数据共享交换目录", en="Catalogue of the data exchange")),
            "dct:description": _text(
                Bilingual(zh="在本交换平台上发布的数据集。", en="The datasets published on this exchange.")
            ),
            "dct:publisher": {"@id": f"{url}/#operator", "@type": "foaf:Agent", "foaf:name": operator},
            "dcat:dataset": [_node(f"{url}/catalog/{item.dataset.id}") for item in listed],
            "dcat:service": [_node(service)],
        },
        {
            "@id": service,
            "@type": "dcat:DataService",
            "dct:title": _text(Bilingual(zh="数据交付接口", en="Delivery API")),
            "dcat:endpointURL": _node(service),
            "dcat:endpointDescription": _node(f"{url}/openapi.json"),
            "dcat:servesDataset": [_node(f"{url}/catalog/{item.dataset.id}") for item in listed],
        },
    ]
    if is_cut:
        query = {**search, "after": str(listed[-1].dataset.id)}
        view = {"@id": f"{url}/catalog#page", "@type": "hydra:PartialCollectionView"}
        graph.append({**view, "hydra:next": _node(f"{url}/catalog?{urlencode(query)}")})
    for item in listed:
        graph.extend(_dataset(item, refreshed[item.dataset.id], url=url, service=service))
    return {"@context": _CONTEXT, "@graph": graph}


def dataset(item: Listed, refreshed: Mapping[UUID, SourceView], *, url: str) -> dict[str, Any]:
    """One published dataset with its fields and the terms that everyone may see, the content of its address."""
    graph = _dataset(item, refreshed[item.dataset.id], url=url, service=f"{url}/api/v1/deliveries")
    if item.version is not None:
        document = DatasetDocument.model_validate(item.version.document)
        shown, withheld = withhold_from_others(item.version.document)
        graph[0] |= {
            "dx:level": document.effective_level,
            "dx:sharing": shown["sharing"],
            "dx:terms": shown["terms"],
            "dx:withheld": withheld,
        }
        graph[0]["dcat:distribution"][0]["csvw:tableSchema"] = {
            "csvw:column": [
                {
                    "csvw:name": field.name,
                    "csvw:datatype": _node(_DATATYPES[field.type]),
                    "dct:title": _text(field.title),
                    "dx:type": field.type,
                    "dx:level": field.level,
                    "dx:personal": field.personal,
                    "dx:sensitive": field.sensitive,
                }
                for field in document.fields
            ]
        }
    return {"@context": _CONTEXT, "@graph": graph}


def _filed_under(document: DatasetDocument) -> dict[str, Any]:
    """The members of Decree 809, Article 13, that DCAT has no term for, as far as the document has them."""
    classification = document.classification
    return {
        **({"dx:classification": classification.model_dump(mode="json")} if classification is not None else {}),
        **({"dx:method": document.sharing.methods} if document.sharing.methods else {}),
    }


def _derived_from(document: DatasetDocument, url: str) -> dict[str, Any]:
    """The datasets that a dataset is derived from (DCAT-AP 3.0.1: `dct:source`), each once."""
    inputs = dict.fromkeys(each.dataset for each in document.derived_from)
    return {"dct:source": [_node(f"{url}/catalog/{each}") for each in inputs]} if inputs else {}


def _dataset(item: Listed, source: SourceView, *, url: str, service: str) -> list[dict[str, Any]]:
    if item.version is None:  # never so: the query selects published datasets
        return []
    document = DatasetDocument.model_validate(item.version.document)
    address = f"{url}/catalog/{item.dataset.id}"
    owner = f"{url}/api/v1/organisations/{item.owner.id}"
    return [
        {
            "@id": address,
            "@type": "dcat:Dataset",
            "dct:identifier": f"{item.owner.handle}/{item.dataset.handle}",
            "dct:title": _text(document.title),
            "dct:description": _text(document.description),
            "dct:publisher": _node(owner),
            "dct:accessRights": _node(_ACCESS + _RIGHTS[document.sharing.attribute]),
            "dct:accrualPeriodicity": _node(_FREQUENCY + _FREQUENCIES[document.update_frequency]),
            "dct:issued": _time(item.version.published_at),
            "dct:modified": _time(max(item.version.published_at, source.refreshed_at or item.version.published_at)),
            "dcat:version": str(item.version.version),
            "dx:contentVersion": source.content_version,
            **_filed_under(document),
            **_derived_from(document, url),
            "dx:purpose": list(document.terms.purposes),
            "dcat:keyword": [{"@value": word} for word in document.keywords],
            "adms:versionNotes": f"sha256:{item.version.digest}",
            "dcat:distribution": [
                {
                    "@id": f"{address}#api",
                    "@type": "dcat:Distribution",
                    "dcat:accessURL": _node(service),
                    "dcat:accessService": _node(service),
                    **({"dct:format": document.format} if document.format is not None else {}),
                    "dcat:mediaType": _node("https://www.iana.org/assignments/media-types/application/json"),
                }
            ],
        },
        {
            "@id": owner,
            "@type": "foaf:Agent",
            "foaf:name": [
                {"@value": item.owner.name_zh, "@language": "zh"},
                {"@value": item.owner.name_en, "@language": "en"},
            ],
            "dct:identifier": item.owner.code,
        },
    ]
