"""A proof of answers verifies by npm's @sd-jwt/core, which nobody here wrote, and fits a QR code."""

import json
import subprocess

import pytest

from groundwork import base64url
from signatures import Ed25519, public_of, sd_jwt
from tests.support.services.tools import TOOLS

SEED = bytes(range(32))
KEY = Ed25519(public_of(SEED), SEED)
TOOL = TOOLS / "sdjwt"
CLAIMS = {
    "iss": "https://exchange.example.org",
    "aud": "01930b2e-6f1a-7000-8000-000000000001",
    "jti": "01930b2e-6f1a-7000-8000-000000000002",
    "iat": 1_790_000_000,
    "exp": 4_000_000_600,
    "dataset": "demo-education/degrees",
    "purpose": "talent-service",
}
ANSWERS = {"answer:holds-masters-degree": "yes", "answer:is-resident": "no"}
QR_MOST = 858
"""Bytes of a QR code of version 20, 97 modules wide, at level L (ISO/IEC 18004)."""


def run(text: str, public: bytes) -> subprocess.CompletedProcess[str]:
    if not (TOOL / "node_modules").exists():
        pytest.skip("no @sd-jwt/core: make test installs it where npm is")
    command = ["node", str(TOOL / "verify.mjs"), base64url.encode(public)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def test_it_verifies_what_was_issued_and_what_is_left_of_it() -> None:
    text = sd_jwt.issue(KEY.sign, keyid="k", claims=CLAIMS, disclosable=ANSWERS)
    whole = run(text, KEY.public)
    assert whole.returncode == 0, whole.stderr
    assert json.loads(whole.stdout)["payload"] == CLAIMS | ANSWERS
    token, first, _, _ = text.split("~")
    assert json.loads(run(f"{token}~{first}~", KEY.public).stdout)["payload"] == CLAIMS | {
        "answer:holds-masters-degree": "yes"
    }


def test_it_refuses_another_key_and_an_altered_answer() -> None:
    text = sd_jwt.issue(KEY.sign, keyid="k", claims=CLAIMS, disclosable=ANSWERS)
    assert run(text, public_of(bytes(32))).returncode != 0
    token, first, *rest = text.split("~")
    salt, name, _ = json.loads(base64url.decode(first))
    lie = base64url.encode(json.dumps([salt, name, "no"]).encode())
    answer = run("~".join((token, lie, *rest)), KEY.public)
    shown = json.loads(answer.stdout)["payload"] if answer.returncode == 0 else {}
    assert name not in shown


def test_it_fits_a_qr_code() -> None:
    ten = {f"answer:holds-masters-degree-{number}": "unknown" for number in range(10)}
    sizes = {
        count: len(sd_jwt.issue(KEY.sign, keyid="k" * 43, claims=CLAIMS, disclosable=dict(list(ten.items())[:count])))
        for count in (1, 2, 10)
    }
    assert sizes[2] <= QR_MOST
    assert sizes[10] <= 2_953, "the largest QR code there is, version 40 at level L"
