"""The public catalogue as DCAT-AP 3 in JSON-LD, so that any data portal can harvest it."""

from collections.abc import Sequence
from typing import Any

from exchange.catalog.schemas import Bilingual, DatasetDocument
from exchange.catalog.view import Listed

MEDIA_TYPE = "application/ld+json"

_CONTEXT: dict[str, Any] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "org": "http://www.w3.org/ns/org#",
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


def _node(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def catalogue(listed: Sequence[Listed], *, url: str, operator: str, is_cut: bool = False) -> dict[str, Any]:
    """The catalogue of published datasets, or with `is_cut` a page of it that names the next page.

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
        view = {"@id": f"{url}/catalog#page", "@type": "hydra:PartialCollectionView"}
        graph.append({**view, "hydra:next": _node(f"{url}/catalog?after={listed[-1].dataset.id}")})
    for item in listed:
        graph.extend(_dataset(item, url=url, service=service))
    return {"@context": _CONTEXT, "@graph": graph}


def dataset(item: Listed, *, url: str) -> dict[str, Any]:
    """One published dataset, the content of its address in the catalogue."""
    return {"@context": _CONTEXT, "@graph": _dataset(item, url=url, service=f"{url}/api/v1/deliveries")}


def _dataset(item: Listed, *, url: str, service: str) -> list[dict[str, Any]]:
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
            "dct:modified": {"@value": item.version.published_at.isoformat(), "@type": "xsd:dateTime"},
            "dcat:version": str(item.version.version),
            "dcat:keyword": [{"@value": word} for word in document.keywords],
            "adms:versionNotes": f"sha256:{item.version.digest}",
            "dcat:distribution": [
                {
                    "@id": f"{address}#api",
                    "@type": "dcat:Distribution",
                    "dcat:accessURL": _node(service),
                    "dcat:accessService": _node(service),
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
