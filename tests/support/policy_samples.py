"""Delivery documents for tests and benchmarks of the policies: one that is allowed, and random ones."""

import copy
from random import Random
from typing import Any

from policies.decision.documents import DeliveryInput

NOW = 1_800_000_000
FIELDS = ("id", "姓名", "region", "salary", "degree")
PURPOSES = ("talent-service", "statistics", "人才引进")
LANES = ("operation", "government", "trade", "person")
MASKS: tuple[dict[str, Any], ...] = (
    {"kind": "hash"},
    {"kind": "partial", "keep_start": 1, "keep_end": 0},
    {"kind": "year"},
    {"kind": "month"},
    {"kind": "prefix", "length": 4},
    {"kind": "bucket", "size": 10_000},
    {"kind": "constant", "value": '**"\\'},
    {"kind": "constant", "value": False},
    {"kind": "null"},
)
FILTERS: tuple[dict[str, Any], ...] = (
    {"field": "region", "op": "eq", "value": "330100"},
    {"field": "degree", "op": "in", "value": ["硕士", "doctor"]},
    {"all": [{"field": "salary", "op": "lt", "value": 9_007_199_254_740_991}, {"any": []}]},
    {
        "not": {
            "any": [
                {"field": "id", "op": "prefix", "value": "3\u2028"},
                {"field": "id", "op": "is_null", "value": True},
            ]
        }
    },
)

ALLOWED: dict[str, Any] = {
    "schema": 1,
    "action": "deliver",
    "lane": "operation",
    "purpose": "talent-service",
    "requested": [],
    "filtered": ["id"],
    "subject": {
        "principal": "0198c5a0-0000-7000-8000-000000000001",
        "organisation": "platform",
        "kind": "institution",
        "level": "province",
        "organisation_state": "admitted",
        "principal_state": "active",
    },
    "rbac": {"allow": True, "roles": ["consumer"]},
    "resource": {
        "dataset": "people",
        "owner": "department",
        "owner_state": "admitted",
        "state": "published",
        "version": 3,
        "sharing": "conditional",
        "level": "G4",
        "fields": [
            {"name": "id", "level": "G2", "personal": True, "sensitive": False},
            {"name": "姓名", "level": "G3", "personal": True, "sensitive": False},
            {"name": "region", "level": "G1", "personal": False, "sensitive": False},
            {"name": "salary", "level": "G4", "personal": True, "sensitive": True},
            {"name": "degree", "level": "G2", "personal": True, "sensitive": False},
        ],
        "terms": {
            "consumers": {"kinds": ["institution"], "levels": [], "organisations": [], "groups": []},
            "purposes": ["talent-service", "statistics"],
            "fields": ["id", "姓名", "region", "salary"],
            "masks": {"姓名": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
            "row_filters": [{"field": "region", "op": "eq", "value": "330100"}],
            "not_after": NOW + 4000,
            "row_cap": 1000,
            "rates": [{"requests": 100, "seconds": 3600}],
            "consent": False,
            "basis": "statutory-duty",
            "min_group": 0,
        },
        "assessments": ["impact"],
    },
    "agreements": [
        {
            "id": "first",
            "consumer": "platform",
            "dataset": "people",
            "lane": "operation",
            "state": "active",
            "not_before": NOW - 1000,
            "not_after": NOW + 1000,
            "purposes": ["talent-service"],
            "fields": ["id", "姓名", "region", "salary", "degree"],
            "masks": {"salary": {"kind": "bucket", "size": 1000}},
            "row_filters": [{"field": "degree", "op": "in", "value": ["硕士", "doctor"]}],
            "row_cap": 500,
            "assessments": [],
        }
    ],
    "now": NOW,
}


def allowed() -> dict[str, Any]:
    """A document that is allowed, to change at will."""
    return copy.deepcopy(ALLOWED)


def allowed_document() -> DeliveryInput:
    """The document that is allowed, parsed."""
    return DeliveryInput.model_validate(ALLOWED, strict=False)


def any_document(random: Random) -> dict[str, Any]:
    """A well-formed document; about a third of them are allowed, the others fail for one reason or several."""
    document = allowed()
    rare = random.choice((0.0, 0.02, 0.1))  # how likely each fact is one that denies

    def usually(value: Any, *alternatives: Any) -> Any:
        return random.choice(alternatives) if random.random() < rare else value

    def most(names: tuple[str, ...]) -> list[str]:
        return random.sample(names, random.randint(usually(len(names), 0, 1, 2, 3), len(names)))

    def some_masks() -> dict[str, Any]:
        return {name: random.choice(MASKS) for name in FIELDS if random.random() < 0.3}

    subject, resource = document["subject"], document["resource"]
    lane = document["lane"] = random.choice(LANES)
    subject["kind"] = "department" if lane == "government" else random.choice(("enterprise", "institution"))
    subject["kind"] = usually(subject["kind"], "department", "enterprise")
    subject["level"] = random.choice(("province", "city", "county", "none"))
    subject["organisation_state"] = usually("admitted", "registered", "suspended", "departed")
    subject["principal_state"] = usually("active", "suspended")
    document["rbac"]["allow"] = usually(True, False)
    document["purpose"] = usually(PURPOSES[0], *PURPOSES[1:])
    document["requested"] = random.choice(([], random.sample(FIELDS[:4], random.randint(1, 3)), usually([], ["none"])))
    document["filtered"] = random.choice(([], usually([], ["salary"], ["id", "姓名"], ["none"])))
    document["now"] = NOW + random.choice((0, usually(0, -1000, -1001, 999, 1000, 4000)))
    resource["state"] = usually("published", "draft", "withdrawn")
    resource["owner_state"] = usually("admitted", "suspended")
    resource["sharing"] = usually("conditional", "unconditional", "not_shared")
    resource["level"] = usually("G4", "IMPORTANT", "CORE")
    resource["fields"][4]["level"] = usually("G2", "CORE")
    resource["assessments"] = usually(["impact", "risk"], ["impact"], ["risk"], [])
    random.shuffle(resource["fields"])
    terms = resource["terms"]
    terms["consumers"] = {
        "kinds": random.choice(([], [subject["kind"]], usually([], ["institution"]))),
        "levels": random.choice(([], [subject["level"], "city"], usually([], ["county"]))),
        "organisations": random.choice(([], usually([], ["another"], ["another", "platform"]))),
        "groups": random.choice(
            (
                [],
                [
                    {"kinds": [], "levels": [], "organisations": ["another"]},
                    {"kinds": [subject["kind"]], "levels": usually([], ["county"]), "organisations": []},
                ],
            )
        ),
    }
    terms["purposes"] = most(PURPOSES)
    terms["fields"] = most(FIELDS)
    terms["masks"] = some_masks()
    terms["row_filters"] = random.sample(FILTERS, random.randint(0, 2))
    terms["not_after"] = NOW + usually(4000, 0, 1, 999, 10_000)
    terms["row_cap"] = random.choice((9, 10, 1037, 1_000_000, 9_007_199_254_740_991))
    terms["rates"] = random.sample(
        [{"requests": 1, "seconds": 3600}, {"requests": 50, "seconds": 86400}], random.randint(0, 2)
    )
    terms["consent"] = usually(False, True)
    if usually(False, True):
        del terms["basis"]
    if usually(False, True):
        some_fields = [random.sample(FIELDS, random.randint(1, len(FIELDS))) for _ in range(random.randint(0, 3))]
        scopes = [{"scope": number, "fields": fields} for number, fields in enumerate(some_fields)]
        document["consent"] = {"scopes": scopes}
    for field in resource["fields"]:
        field["subject_key"] = field["name"] == "id" and random.random() < 0.5
    if random.random() < 0.2:
        for field in resource["fields"]:
            field["personal"] = False
    terms["min_group"] = usually(0, 5)
    document["agreements"] = [
        {
            "id": f"agreement-{number}",
            "consumer": usually("platform", "another"),
            "dataset": usually("people", "another"),
            "lane": usually(lane, *LANES),
            "state": usually("active", "suspended", "terminated", "expired"),
            "not_before": NOW + usually(-1000, -1, 0, 1, 500),
            "not_after": NOW + usually(1000, 0, 1, 5000),
            "purposes": most(PURPOSES),
            "fields": most(FIELDS),
            "masks": some_masks(),
            "row_filters": random.sample(FILTERS, random.randint(0, 2)),
            "row_cap": random.choice((0, 9, 10, 1037, 1_000_000)),
            "assessments": usually([], ["impact"], ["risk"], ["impact", "risk"]),
            **usually({}, {"consent": True}, {"without_basis": True}),
        }
        for number in range(random.choice((1, 1, 1, 2, 3, usually(1, 0, 10))))
    ]
    return copy.deepcopy(document)  # masks and filters are shared until here
