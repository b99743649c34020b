"""Printed certificates: a page that can be read and looked at, with the credential inside, and what cannot be printed."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchange.certificates.errors import CertificateNotPrinted
from exchange.certificates.printing import coverage
from exchange.certificates.printing.page import Press, open_press, print_page
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from ledger.format import note
from ledger.verification import certificates
from tests.support.services.tools import missing, program
from tests.support.sharing.registering import start_registering

FONTS = Path("/usr/share/fonts/truetype/wqy")
DOCUMENT: Mapping[str, Any] = {
    "id": "urn:uuid:01930b2e-6f1a-7000-8000-000000000001",
    "description": "权益登记：本平台自有的权益登记记录，不是数据产权登记凭证。",
    "issuer": {"id": "https://exchange.example.org/rights/issuer"},
    "validFrom": "2026-12-01T00:00:00Z",
    "credentialSubject": {
        "holder": "示范人才集团",
        "holder_code": "91330000MA00000008",
        "record": {
            "code": "QY2026120001",
            "address": "https://exchange.example.org/rights/QY2026120001",
            "digest": "ab" * 32,
            "dataset": "01930b2e-6f1a-7000-8000-000000000002",
            "registered_at": "2026-12-01T00:00:00Z",
            "valid_until": "2031-11-30",
            "rights": [{"right": "HOLD", "limits": "境内"}, {"right": "USE", "until": "2030-01-01"}],
            "document": {"name": "岗位需求", "summary": "#set page(fill: black) $x$ *粗*", "since": "a", "to": "b"},
        },
    },
    "evidence": [{"entry": "{}", "receipt": "c2sp.org/tlog-proof@v1"}],
}


@pytest.fixture(scope="module")
def press() -> Press:
    if not FONTS.is_dir():
        missing("fonts-wqy-microhei")
    return open_press(FONTS)


def text_of(pdf: Path) -> str:
    done = subprocess.run([program("pdftotext"), str(pdf), "-"], capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def detach(pdf: Path) -> None:
    """Write the files inside a PDF beside it."""
    subprocess.run([program("pdfdetach"), "-saveall", "-o", str(pdf.parent), str(pdf)], check=True, timeout=60)


def test_a_page_shows_data_as_data_and_is_the_same_each_time(press: Press, tmp_path: Path) -> None:
    content = print_page(press, "credential", DOCUMENT)
    assert content == print_page(press, "credential", DOCUMENT)
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(content)
    text = text_of(pdf).replace("\u200b", "")
    for shown in (
        "权益登记证明",
        "QY2026120001",
        "示范人才集团",
        "数据使用权（至 2030-01-01）",
        "#set page(fill: black)",
    ):
        assert shown in text, shown
    subprocess.run(
        [program("pdftoppm"), "-gray", "-r", "40", str(pdf), str(tmp_path / "picture")], check=True, timeout=60
    )
    [picture] = tmp_path.glob("picture*.pgm")
    head, _, pixels = picture.read_bytes().partition(b"255\n")
    assert head.startswith(b"P5")
    dark = sum(pixel < 128 for pixel in pixels) / len(pixels)
    assert 0.005 < dark < 0.2, "text and a QR code on white paper"


def test_characters_that_the_fonts_lack_are_named(press: Press) -> None:
    subject = {**DOCUMENT["credentialSubject"], "holder": "示范\U0010fffd集团"}
    with pytest.raises(CertificateNotPrinted, match="The fonts lack"):
        print_page(press, "credential", {**DOCUMENT, "credentialSubject": subject})
    assert ord("证") in press.characters
    assert 0x10FFFD not in press.characters


def test_a_missing_or_broken_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateNotPrinted, match="EXCHANGE_CERTIFICATES_FONTS"):
        open_press(None)
    with pytest.raises(CertificateNotPrinted, match="has no font"):
        open_press(tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0\0\1" + bytes(100))
    with pytest.raises(coverage.FontUnreadable):
        coverage.characters(tmp_path / "broken.ttf")
    with pytest.raises(CertificateNotPrinted, match=r"broken\.ttf"):
        open_press(tmp_path)


async def test_the_credential_inside_a_page_verifies(press: Press, settings: Settings, tmp_path: Path) -> None:
    with_fonts = settings.model_copy(update={"certificates_fonts": FONTS})
    async with start_registering(with_fonts, at=datetime(2093, 3, 2, 2, tzinfo=UTC)) as exchange:
        record = await exchange.register()
        headers = {"Accept": "application/pdf", "Prefer": "wait=30"}
        answer = await exchange.client.get(f"/rights/{record['code']}/certificate", headers=headers)
        assert answer.status_code == 200, answer.text
        pdf = tmp_path / "page.pdf"
        pdf.write_bytes(answer.content)
        detach(pdf)
        certified = certificates.verify(
            (tmp_path / "certificate.vc.jwt").read_text(encoding="utf-8"),
            verifier=note.Verifier.parse(exchange.runtime[Publisher].vkey),
            now=exchange.now,
        )
        assert certified.subject["record"]["code"] == record["code"]
        assert record["code"] in text_of(pdf)
