"""Reading any headers of a request ends soon, in a signature or in a SignatureProblem."""

import itertools
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import signatures
import signatures.requests

SEED = bytes(32)
KEY = SEED + signatures.public_of(SEED)
TARGET = "https://exchange.example/api/v1/deliveries"
FIELDS = {"content-digest": signatures.content_digest(b"{}"), "exchange-purpose": "talent-service"}
HEADERS = FIELDS | signatures.sign_request(
    key=KEY,
    keyid="k",
    method="POST",
    target_uri=TARGET,
    headers=FIELDS,
    created=1,
    expires=2,
    nonce=signatures.new_nonce(),
)
LETTERS = 'sig1=("@methodtarget-uri;kyx.p?0:,)@*\\ \t\n\x00\xff人'


def read(headers: dict[str, str], target: str = TARGET) -> signatures.SignedRequest | None:
    try:
        return signatures.read_request(method="POST", target_uri=target, headers=headers)
    except signatures.SignatureProblem:
        return None


def check(request: signatures.SignedRequest | None) -> bool:
    """Check that a signature's base has one line for each covered component, one for the parameters, and no others.

    Returns whether the request was read at all.
    """
    if request is not None:
        *covered, last = request.base.decode("ascii").split("\n")
        assert [line.partition(": ")[0] for line in covered] == [f'"{name}"' for name in request.components]
        assert last.startswith('"@signature-params": (')
        assert len(request.signature) == 64
    return request is not None


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        text = text[:start] + draw(st.text(LETTERS, max_size=4) | st.just(text[start:end] * 2)) + text[end:]
    return text


@given(field=mutated(HEADERS["signature-input"]), value=mutated(HEADERS["signature"]) | st.just(HEADERS["signature"]))
@example(field='sig1=("@method" "@target-uri" "@query-param";name="%");created=1', value=HEADERS["signature"])
@example(field='sig1=("@method" "signature";key="sig1");created=1', value=HEADERS["signature"])
@example(field="sig1=();created=-0", value="sig1=::")
def test_mutated_signature_fields_are_read_or_refused(field, value):
    is_read = check(read(HEADERS | {"signature-input": field, "signature": value}))
    event(f"is read: {is_read}")
    other = HEADERS["signature-input"].replace("created=1;", "created=0;")
    assert check(read(HEADERS | {"signature-input": other})), "a mutation that keeps the form is read"


@given(st.dictionaries(st.sampled_from([*HEADERS, "accept"]), st.text(LETTERS, max_size=30)))
def test_any_fields_are_read_or_refused(headers):
    check(read(HEADERS | headers))
    assert read(headers, target="https://[bad/ \n") is None


@given(st.text(LETTERS + "-256=:QUJD", max_size=30))
def test_any_digest_is_compared_or_refused(header):
    with pytest.raises(signatures.SignatureProblem):
        signatures.check_content_digest(header, bytes(32))


COMPONENTS = ["@method", "@target-uri", "content-digest", "exchange-purpose"]
PARAMETERS = dict(
    re.findall(r';([a-z]+)=("[^"]*"|[0-9]+)', HEADERS["signature-input"]),
)
OTHER_VALUES = {"created": "0", "expires": "3", "nonce": f'"{signatures.new_nonce()}"', "keyid": '"other"'}
SPACES = st.text(" ", max_size=2)


@st.composite
def respelled(draw: st.DrawFn) -> str:
    """A Signature-Input that can be read: components and parameters in any order, some changed, spaced in any way."""
    left_out = draw(st.sets(st.sampled_from(COMPONENTS[2:])) | st.just(set()))
    names = [name for name in COMPONENTS if name not in left_out]
    names = draw(st.just(names) | st.permutations(names))
    changed = draw(st.just(set()) | st.sets(st.sampled_from(sorted(OTHER_VALUES))))
    values = {name: OTHER_VALUES[name] if name in changed else value for name, value in PARAMETERS.items()}
    order = draw(st.just(list(values)) | st.permutations(list(values)))
    covered = "".join(f'"{name}" {draw(SPACES)}' for name in names)
    parameters = "".join(f";{draw(SPACES)}{name}={values[name]}" for name in order)
    return f"{draw(SPACES)}sig1=({draw(SPACES)}{covered}){parameters}{draw(SPACES)}"


@given(respelled())
def test_a_signature_verifies_under_another_spelling_and_not_under_another_meaning(field):
    request, original = read(HEADERS | {"signature-input": field}), read(HEADERS)
    assert request is not None
    assert original is not None
    is_same = request.base == original.base
    event("the same meaning" if is_same else "another meaning")
    assert is_same == (request == original)
    try:
        signatures.verify_ed25519(KEY[32:], request.base, request.signature)
    except signatures.SignatureInvalid:
        assert not is_same
    else:
        assert is_same


def test_parameters_in_every_order_are_read_without_a_parser_and_as_the_parser_reads_them():
    """Clients write parameters in the order of their library, and the parser costs ten times as much."""
    covered = HEADERS["signature-input"].partition(";")[0]
    for order in itertools.permutations(PARAMETERS):
        headers = HEADERS | {"signature-input": covered + "".join(f";{name}={PARAMETERS[name]}" for name in order)}
        common = signatures.requests._read_common("POST", TARGET, headers)
        assert common is not None
        assert common == signatures.requests._read_general("POST", TARGET, headers, "sig1")


def test_a_parameter_that_comes_twice_is_left_to_the_parser_which_refuses_it():
    covered = HEADERS["signature-input"].partition(";")[0]
    for name, other in itertools.permutations(PARAMETERS, 2):
        doubled = "".join(f";{each}={PARAMETERS[each]}" for each in PARAMETERS if each != other)
        headers = HEADERS | {"signature-input": f"{covered}{doubled};{name}={PARAMETERS[name]}"}
        assert signatures.requests._read_common("POST", TARGET, headers) is None
        assert read(headers) is None


def test_spellings_of_both_meanings_are_generated():
    original = read(HEADERS)
    counts = {True: 0, False: 0}

    @settings(max_examples=200, database=None, derandomize=True)
    @given(respelled())
    def count(field):
        request = read(HEADERS | {"signature-input": field})
        counts[request is not None and request == original] += 1

    count()
    assert min(counts.values()) >= 20, counts


def steps(function: Callable[[], object]) -> int:
    """Count the lines of Python that a call runs; the count is the same on every machine."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("field", ["signature-input", "signature"])
@pytest.mark.parametrize(
    "make",
    [
        lambda n: "sig1=(" + '"a" ' * n + ")",
        lambda n: "sig1=(" + '"a";x ' * (n // 2) + ")",
        lambda n: "sig1=(" + "".join(f'"a{number}" ' for number in range(n // 2)) + ")",
        lambda n: 'sig1=("' + "\\\\" * (2 * n) + '")',
        lambda n: "sig1=(" + " " * (4 * n) + ")",
        lambda n: "sig1=" + ";a" * (2 * n),
        lambda n: "sig1" + "".join(f";a{number}" for number in range(n // 2)),
        lambda n: "a=1," * n,
        lambda n: "".join(f"a{number}=1, " for number in range(n // 2)) + "sig1=()",
        lambda n: 'sig1=("@method")' + ';a="' * n,
        lambda n: "sig1=" + "(" * (4 * n),
        lambda n: "sig1=:" + "A" * (4 * n),
    ],
)
def test_the_work_on_long_nonsense_grows_with_its_length_and_no_faster(field, make):
    def refuse(length: int) -> int:
        headers = HEADERS | {field: make(length)}
        assert len(headers[field]) <= signatures.requests.REQUEST_FIELD_MAX
        assert read(headers) is None
        return steps(lambda: read(headers))

    refuse(10)
    assert refuse(480) <= 2.5 * refuse(240) + 1000


MANY = ", ".join(f"k{number}" for number in range(14_500))


@pytest.mark.parametrize(
    ("components", "more", "query"),
    [
        ([f'"x";key="k{number}"' for number in range(62)], {"x": MANY}, ""),
        (['"x";sf', '"y";bs', '"z";tr'], {"x": MANY, "y": MANY}, ""),
        ([f'"@query-param";name="k{number}"' for number in range(50)], {}, "?" + "&".join(["%41=%42"] * 1000)),
        (['"@method";req'], {}, ""),
        (['"content-digest";key="sha-256"'], {"content-digest": "x"}, ""),
        ([f'"x{number}"' for number in range(60)], {f"x{number}": "a, " * 300 for number in range(60)}, ""),
        ([f'"{name}"' for name in ("@authority", "@scheme", "@path", "@query", "@request-target")], {}, "?" + MANY),
    ],
)
def test_a_stranger_s_head_costs_little_whatever_it_covers(components, more, query):
    """Components of a request have no parameters, so none has a field parsed; and their values are taken as they are."""
    parameters = HEADERS["signature-input"].partition(")")[2]
    covered = " ".join(['"@method"', '"@target-uri"', *components])
    headers = (
        HEADERS
        | {name: value.strip() for name, value in more.items()}
        | {"signature-input": f"sig1=({covered}){parameters}"}
    )
    read(headers, TARGET + query)
    assert steps(lambda: read(headers, TARGET + query)) < 40_000
    if any(";" in component for component in components):
        with pytest.raises(signatures.SignatureMalformed, match="no parameters"):
            signatures.read_request(method="POST", target_uri=TARGET + query, headers=headers)


@pytest.mark.parametrize("field", ["signature-input", "signature"])
def test_a_field_that_is_too_long_is_refused_unread(field):
    headers = HEADERS | {field: HEADERS[field] + " " * 16_384}
    assert read(headers) is None
    assert steps(lambda: read(headers)) < 1_000  # of 16,384 characters
