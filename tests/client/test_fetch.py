"""Fetching: what arrives is what was signed, in every format, or nothing arrives."""

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import httpx2
import pytest

import signatures
from data_exchange_client import (
    Client,
    Delivery,
    DeliveryAborted,
    ExchangeProblem,
    ResponseUntrusted,
    SignedAuth,
    TrustError,
)
from data_exchange_client.keys import SigningKey

PURPOSE = "talent-service"
Spoil = Callable[[Any], Any]
STREAMS: list[Any] = ["ndjson", "csv", "arrow"]


@pytest.fixture
def client(exchange, key):
    with Client(exchange.url, key) as client:
        yield client


def fetched(client: Client, **options: Any) -> Delivery:
    return client.fetch("hr/talents", **({"purpose": PURPOSE} | options))


def test_a_page_of_json_arrives_with_its_entry_and_the_way_on(client, exchange):
    delivery = fetched(client, fields=["id", "name"], filters=[("region", "eq", "330100")], limit=3)
    assert list(delivery.rows()) == [{"id": 1, "name": "王*"}, {"id": 2, "name": "王**"}, {"id": 3, "name": "王"}]
    assert delivery.entry == 0
    assert delivery.next == "3"
    assert delivery.completed_entry is None
    assert isinstance(delivery.content, bytes)
    assert delivery.content_digest == signatures.content_digest(delivery.content)
    (request,) = exchange.requests
    assert json.loads(request["body"]) == {
        "dataset": "hr/talents",
        "fields": ["id", "name"],
        "filters": [{"field": "region", "op": "eq", "value": "330100"}],
        "limit": 3,
    }
    assert request["headers"]["exchange-purpose"] == PURPOSE


def test_a_filter_may_hold_dates_and_another_form_is_named(client, exchange):
    fetched(client, filters=[("a", "gte", date(2026, 1, 2)), ["b", "in", (date(2026, 1, 3),)]])
    assert [condition["value"] for condition in json.loads(exchange.requests[-1]["body"])["filters"]] == [
        "2026-01-02",
        ["2026-01-03"],
    ]
    for wrong in ({"filters": [("a", "eq")]}, {"filters": [("a", "eq", object())]}, {"fields": "name"}):
        with pytest.raises(ValueError, match=r"a filter|fields is a list"):
            fetched(client, **wrong)


def test_a_refusal_whose_signature_is_for_another_address_is_told_as_unverified(client, exchange):
    other = exchange.problem(
        401, "signature-invalid", detail="Sign the URI, which begins with https://exchange.example."
    )
    assert client.trust.keys
    exchange.spoil = lambda _path, reply: replace(reply, status=401, body=other.body)
    with pytest.raises(ResponseUntrusted, match=r"unverified.*https://exchange\.example"):
        client.request("GET", "/api/v1/me")


def test_pages_follow_the_cursor_to_the_end(client):
    pages = list(client.pages("hr/talents", purpose=PURPOSE, page=10))
    assert [len(list(page.rows())) for page in pages] == [10, 10, 5]
    assert [row["id"] for page in pages for row in page.rows()] == list(range(1, 26))


@pytest.mark.parametrize("to_file", [False, True])
@pytest.mark.parametrize("form", STREAMS)
def test_streams_arrive_whole_in_memory_or_in_a_file(client, form, to_file, tmp_path):
    target = tmp_path / "data"
    delivery = fetched(client, format=form, to=target if to_file else None)
    rows = list(delivery.rows())
    assert [int(row["id"]) for row in rows] == list(range(1, 26))
    assert rows[0]["name"] == "王*"
    assert (delivery.entry, delivery.completed_entry) == (0, 1)
    assert list(tmp_path.iterdir()) == ([target] if to_file else [])
    if to_file:
        assert delivery.content == target
        assert target.stat().st_mode & 0o077 == 0
        assert delivery.content_digest == signatures.content_digest(target.read_bytes())


@pytest.mark.parametrize("form", ["json", *STREAMS])
def test_every_format_becomes_a_table_a_frame_and_a_csv_file(client, form, tmp_path):
    delivery = fetched(client, format=form, limit=25)
    table = delivery.arrow()
    assert table.column_names == ["id", "name", "score", "region"]
    assert [str(value) for value in table.column("id").to_pylist()] == [str(number) for number in range(1, 26)]
    assert table.column("region").to_pylist()[2] is None
    assert table.column("score").to_pylist()[0] == "1.50"
    assert list(delivery.pandas().columns) == table.column_names
    delivery.csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert written[0] == {"id": "1", "name": "王*", "score": "1.50", "region": "330100"}
    assert written[2]["region"] == ""
    delivery.save(tmp_path / "raw")
    assert (tmp_path / "raw").read_bytes() == delivery.content


def test_a_csv_table_keeps_codes_as_text_and_an_empty_answer_its_columns(client):
    assert (
        fetched(client, format="csv", fields=["region"], limit=2).arrow().column("region").to_pylist() == ["330100"] * 2
    )
    empty = fetched(client, cursor="25", limit=5)
    assert empty.arrow().column_names == ["id", "name", "score", "region"]
    assert list(empty.rows()) == []


def test_a_refusal_says_which_rule_and_what_would_satisfy_it(client):
    with pytest.raises(ExchangeProblem) as caught:
        fetched(client, purpose="curiosity")
    problem = caught.value
    assert (problem.status, problem.type, problem.entry, problem.is_signed) == (403, "purpose-not-granted", 0, True)
    assert problem.reasons == [{"code": "purpose-not-granted", "rule": "purpose", "remedy": "Apply for this purpose."}]
    assert "Apply." in str(problem)


def test_an_unsigned_refusal_is_marked(client, exchange):
    stranger = SigningKey.generate()
    with Client(exchange.url, stranger, trust=client.trust) as other, pytest.raises(ExchangeProblem) as caught:
        fetched(other)
    assert caught.value.status == 401
    assert not caught.value.is_signed


def test_a_gateway_that_answers_html_is_a_problem_too(client, exchange):
    exchange.spoil = lambda _path, reply: replace(reply, status=502, headers={}, body=b"<html>")
    with pytest.raises(ExchangeProblem) as caught:
        client.request("GET", "/api/v1/me")
    assert caught.value.status == 502
    assert caught.value.type == "about:blank"
    assert not caught.value.is_signed


def without(*names: str) -> Spoil:
    return lambda reply: replace(reply, headers={k: v for k, v in reply.headers.items() if k not in names})


def with_header(name: str, value: str) -> Spoil:
    return lambda reply: replace(reply, headers=reply.headers | {name: value})


SPOILT: dict[str, Spoil] = {
    "body": lambda reply: replace(reply, body=reply.body.replace(b"1.50", b"9.50")),
    "status": lambda reply: replace(reply, status=201),
    "body and digest": lambda reply: replace(
        reply, body=b"{}", headers=reply.headers | {"content-digest": signatures.content_digest(b"{}")}
    ),
    "no signature": without("signature", "signature-input"),
    "half a signature": without("signature"),
    "no digest": without("content-digest"),
    "no entry": without("exchange-entry"),
    "other entry": with_header("exchange-entry", "7"),
    "other cursor": with_header("exchange-next", "0"),
    "compressed": with_header("content-encoding", "gzip"),
    "redirected": lambda reply: replace(reply, status=302, headers={"location": "/elsewhere"}),
}


@pytest.mark.parametrize("how", SPOILT)
def test_an_altered_answer_is_not_used(client, exchange, how, tmp_path):
    exchange.spoil = lambda path, reply: SPOILT[how](reply) if path.startswith("/api/") else reply
    with pytest.raises(ResponseUntrusted):
        fetched(client, to=tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_to_an_earlier_question_is_not_used(client, exchange):
    earlier = []

    def replay(path, reply):
        if path == "/api/v1/deliveries":
            earlier.append(reply)
            return earlier[0]
        return reply

    exchange.spoil = replay
    fetched(client)
    with pytest.raises(ResponseUntrusted):
        fetched(client)


def test_an_altered_refusal_is_not_believed(client, exchange):
    exchange.spoil = lambda path, reply: (
        replace(reply, body=reply.body.replace(b"Apply", b"Pay")) if path.startswith("/api/") else reply
    )
    with pytest.raises(ResponseUntrusted):
        fetched(client, purpose="curiosity")


def test_an_answer_by_another_key_is_refused(client, exchange):
    assert client.trust.keys
    exchange.key = SigningKey.generate()
    with pytest.raises(TrustError, match="not pinned"):
        fetched(client)


STREAM_SPOILT: dict[str, Spoil] = {
    "altered": lambda reply: replace(reply, body=reply.body.replace(b"1.50", b"9.50")),
    "shortened": lambda reply: replace(reply, body=reply.body[:-30]),
    "lengthened": lambda reply: replace(reply, body=reply.body + b"x"),
    "cut off": lambda reply: replace(reply, headers=reply.headers | {"x-cut": "1"}),
    "of another delivery": with_header("exchange-delivery", "0" * 16),
    "of no delivery": without("exchange-delivery"),
}


@pytest.mark.parametrize("how", STREAM_SPOILT)
def test_an_altered_stream_leaves_no_file(client, exchange, how, tmp_path):
    exchange.spoil = lambda _path, reply: STREAM_SPOILT[how](reply) if reply.is_stream else reply
    with pytest.raises(ResponseUntrusted):
        fetched(client, format="csv", to=tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_survives_a_failed_fetch(client, exchange, tmp_path):
    (tmp_path / "data").write_text("yesterday's", encoding="utf-8")
    exchange.spoil = lambda _path, reply: STREAM_SPOILT["altered"](reply) if reply.is_stream else reply
    with pytest.raises(DeliveryAborted):
        fetched(client, format="ndjson", to=tmp_path / "data")
    assert (tmp_path / "data").read_text(encoding="utf-8") == "yesterday's"


def test_an_aborted_stream_is_an_error_of_its_own_and_a_slow_statement_is_awaited(client, exchange):
    exchange.polls_until_completed = 3
    assert fetched(client, format="ndjson").completed_entry == 1

    def abort(path, reply):
        if reply.is_stream:
            for stream in exchange.streams.values():
                stream["state"] = "aborted"
        return reply

    exchange.spoil = abort
    with pytest.raises(DeliveryAborted, match="not completed"):
        fetched(client, format="ndjson")


def test_a_large_file_is_sent_as_it_lies_with_its_digest(client, exchange, tmp_path):
    upload = tmp_path / "upload.csv"
    upload.write_bytes(b"0123456789" * 300_000)
    answer = client.request("PUT", "/api/v1/sources/1/content", content=upload, params={"filename": "a b.csv"})
    assert answer.json() == {"bytes": 3_000_000}
    (request,) = exchange.requests
    assert request["target"].endswith("?filename=a%20b.csv") or request["target"].endswith("?filename=a+b.csv")
    assert hashlib.sha256(request["body"]).digest() == hashlib.sha256(upload.read_bytes()).digest()


def test_an_answer_without_content_is_an_answer(client):
    answer = client.request("GET", "/api/v1/nothing")
    assert (answer.status, answer.content, answer.json(), answer.entry) == (204, b"", None, None)


@pytest.mark.parametrize("purpose", ["人才", "a\r\nx: y"])
def test_a_purpose_that_no_header_can_carry_is_not_sent(client, exchange, purpose):
    with pytest.raises(ValueError, match="printable ASCII"):
        fetched(client, purpose=purpose)
    assert exchange.requests == []


def test_the_catalogue_is_public(exchange):
    with Client(exchange.url) as anyone:
        assert anyone.catalogue()["@graph"][0]["dct:identifier"] == "hr/talents"


def test_the_catalogue_is_read_to_its_last_page():
    def answer(request):
        page = int(request.url.params.get("after", 0))
        following = [{"hydra:next": {"@id": f"https://elsewhere.example/catalog?after={page + 1}"}}] if page < 2 else []
        return httpx2.Response(200, content=iter([json.dumps({"@graph": [{"@id": page}, *following]}).encode()]))

    with Client("http://localhost", transport=httpx2.MockTransport(answer)) as anyone:
        assert [node["@id"] for node in anyone.catalogue()["@graph"] if "@id" in node] == [0, 1, 2]


def test_requests_are_signed_for_whoever_uses_httpx_alone(exchange, key):
    with httpx2.Client(auth=SignedAuth(key)) as http:
        assert http.get(exchange.url + "/api/v1/me").json() == {"handle": "platform"}
        answer = http.put(exchange.url + "/api/v1/x/content?", content=b"abc")
        assert answer.json() == {"bytes": 3}


async def test_requests_are_signed_in_asynchronous_programs(exchange, key):
    async with httpx2.AsyncClient(auth=SignedAuth(key)) as http:
        response = await http.put(exchange.url + "/api/v1/x/content?name=%E4%BA%BA", json={"a": 1})
    assert response.status_code == 200
    assert exchange.requests[0]["headers"]["content-digest"] == signatures.content_digest(exchange.requests[0]["body"])


def test_a_server_that_is_not_there_is_an_error_of_the_network(key):
    with Client("http://127.0.0.1:1", key) as client, pytest.raises(httpx2.ConnectError):
        client.request("GET", "/api/v1/me")
