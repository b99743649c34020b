"""base64url: reading what was written gives the same bytes, and each value has one spelling only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork import base64url


@given(st.binary(max_size=64))
def test_what_is_written_is_read(data: bytes) -> None:
    text = base64url.encode(data)
    assert base64url.decode(text) == data
    assert "=" not in text


@pytest.mark.parametrize("text", ["_-8=", "/+8", "_-9", "a", "_-8 ", "_-8\n", "_ -8", "é", "_-é8"])
def test_another_spelling_is_refused(text: str) -> None:
    assert base64url.decode("_-8") == b"\xff\xef"
    with pytest.raises(ValueError, match="base64url"):
        base64url.decode(text)
