"""The text of a refusal holds its remedy; the text of a delivery leaves out its data."""

import pytest

from data_exchange_client import Client, Delivery, Evidence, ExchangeProblem


def problem(headers: dict[str, str] | None = None, **members: object) -> ExchangeProblem:
    document = {"type": "/problems/request-invalid", "title": "Not valid", "detail": "Correct it.", **members}
    return ExchangeProblem(status=422, document=document, is_signed=True, headers=headers)


def test_its_text_has_every_fault_and_its_place() -> None:
    text = str(
        problem(
            errors=[{"at": "body/filters/0/op", "error": "no such operator"}, {"at": "body/limit", "error": "too many"}]
        )
    )
    assert text.splitlines() == [
        "422 Not valid: Correct it.",
        "  body/filters/0/op: no such operator",
        "  body/limit: too many",
    ]


def test_its_text_speaks_of_the_lines_that_follow_and_not_of_members() -> None:
    faults = [{"at": "limit", "error": "too many"}]
    for detail in (
        "Correct what `errors` lists and send the request again.",
        "Correct the filters where `errors` says.",
    ):
        text = str(problem(detail=detail, errors=faults))
        assert "`" not in text
        assert "follow" in text


def test_its_text_has_every_reason_what_it_is_about_and_what_helps() -> None:
    reasons = [{"code": "field-not-granted", "rule": "delivery.fields", "ref": "salary", "remedy": "Apply for it."}]
    assert "  delivery.fields (salary): Apply for it." in str(problem(reasons=reasons))


def test_its_text_has_members_that_this_version_does_not_know() -> None:
    assert '  fields: ["a", "乙"]' in str(problem(fields=["a", "乙"]))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("880", "try again after: 880 seconds"),
        ("Fri, 31 Dec 2027 23:59:59 GMT", "try again after: Fri, 31 Dec 2027 23:59:59 GMT"),
    ],
)
def test_its_text_has_when_to_try_again(header: str, line: str) -> None:
    assert line in str(problem(headers={"retry-after": header}))


def test_the_text_of_a_delivery_has_no_data() -> None:
    evidence = Evidence(method="POST", target_uri="http://localhost/", signature=None, status=200, fields={})
    delivery = Delivery(
        format="json", content=b'{"id_number":"330106196810288219"}', content_digest="sha-256=:x:", delivery=None,
        entry=7, next=None, evidence=evidence,
    )  # fmt: skip
    assert "3301" not in repr(delivery) + str(delivery)
    assert "entry=7" in repr(delivery)


def test_another_format_is_named_with_those_there_are(exchange, key) -> None:
    with (
        Client(exchange.url, key) as client,
        pytest.raises(ValueError, match="'parquet' is not one of json, ndjson, csv, arrow"),
    ):
        client.fetch("hr/talents", purpose="talent-service", format="parquet")  # type: ignore[arg-type]
