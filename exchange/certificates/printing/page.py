"""The page of a certificate, typeset by typst with the fonts of a folder (both are the optional extra `pdf`).

What is printed goes in as data, never as markup. The same certificate gives the same bytes.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from exchange.calendar.counting import day_of
from exchange.certificates.errors import CertificateNotPrinted
from exchange.certificates.printing.coverage import FontUnreadable, characters

try:
    import segno
    import typst
except ImportError:
    segno = typst = None  # type: ignore[assignment,unused-ignore]

_TEMPLATE: Final = (Path(__file__).parent / "page.typ").read_bytes()
_FONTS: Final = frozenset({".ttf", ".ttc", ".otf", ".otc"})
_SHOWN: Final = 20
_RIGHTS: Final = {"HOLD": "数据持有权", "USE": "数据使用权", "OPERATE": "数据经营权"}
_CHECKING: Final = (
    "本页仅供阅读。有效的是本文件所附的凭据（certificate.vc.jwt），其中含账本条目及收据，"
    "可用账本公钥离线核验：ledger verify-certificate certificate.vc.jwt --vkey …；是否已被撤销或中止，以状态列表为准。"
    "扫码可读该登记记录，码中含其公开内容的摘要（SHA-256）。"
)


@dataclass(frozen=True, slots=True)
class Press:
    """The fonts of a folder, loaded: for typst, the names of their families, and the characters that they have."""

    fonts: Any
    families: tuple[str, ...]
    characters: frozenset[int]


def open_press(folder: Path | None) -> Press:
    """Load the fonts of a folder. Raises CertificateNotPrinted where typst, the folder or a font is missing."""
    if typst is None:
        raise CertificateNotPrinted("The operator installs the extra: pip install 'data-exchange[server,pdf]'.")
    if folder is None:
        raise CertificateNotPrinted("The operator sets EXCHANGE_CERTIFICATES_FONTS to a folder of Chinese fonts.")
    try:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _FONTS)
        known = frozenset[int]().union(*(characters(path) for path in files))
    except (OSError, FontUnreadable) as error:
        raise CertificateNotPrinted(f"A font of EXCHANGE_CERTIFICATES_FONTS cannot be read: {error}") from error
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    families = tuple(fonts.families())
    if not families:
        raise CertificateNotPrinted("The folder EXCHANGE_CERTIFICATES_FONTS has no font.")
    return Press(fonts, families, known)


def print_page(press: Press, text: str, document: Mapping[str, Any]) -> bytes:
    """The PDF/A-3b of a certificate, with the credential `text` and its record's entry and receipt attached.

    Raises CertificateNotPrinted for characters that the fonts lack.
    """
    subject = document["credentialSubject"]
    record = subject["record"]
    shown = _rows(subject, record, document)
    printed = [document["description"], _CHECKING, *(part for row in shown for part in row)]
    lacking = sorted({each for each in "".join(printed) if not each.isspace() and ord(each) not in press.characters})
    if lacking:
        raise CertificateNotPrinted(
            f"The fonts lack: {' '.join(lacking[:_SHOWN])}. The operator adds a font that has them.",
            characters=lacking[:_SHOWN],
        )
    first = document["evidence"][0]
    issued = document["validFrom"]
    data = {
        "title": "权益登记证明",
        "subtitle": "Certificate of a record of rights",
        "notice": document["description"],
        "rows": shown,
        "checking": _CHECKING,
        "footer": f"{record['code']}  {document['id']}",
        "fonts": list(press.families),
        "qr": _code(f"{record['address']}#{record['digest']}"),
        "issued": [int(issued[:4]), int(issued[5:7]), int(issued[8:10])],
        "attached": [
            ["certificate.vc.jwt", text, "application/vc+jwt"],
            ["record.entry", first["entry"], "application/json"],
            ["record.receipt", first["receipt"], "text/plain"],
        ],
    }
    pdf = typst.compile(
        _TEMPLATE,
        format="pdf",
        font_paths=press.fonts,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["a-3b"],
    )
    return bytes(pdf)


def _rows(subject: Mapping[str, Any], record: Mapping[str, Any], document: Mapping[str, Any]) -> Sequence[list[str]]:
    described = record["document"]
    rights = "；".join(
        _RIGHTS[held["right"]]
        + (f"（至 {held['until']}）" if held.get("until") else "")
        + (f"（限制：{held['limits']}）" if held.get("limits") else "")
        for held in record["rights"]
    )
    rows = [
        ["登记编号", record["code"]],
        ["权利人", subject["holder"]],
        ["统一社会信用代码", subject["holder_code"]],
        ["权利类型", rights],
        ["数据名称", described.get("name", "")],
        ["数据概述", described.get("summary", "")],
        ["数据时间跨度", f"{described.get('since', '')} 至 {described.get('to', '')}"],
        ["登记日期", str(day_of(datetime.fromisoformat(record["registered_at"])))],
        ["有效期至", record["valid_until"]],
        ["数据集", record["dataset"]],
        ["内容摘要 SHA-256", record["digest"]],
        ["数据指纹", described.get("fingerprint", {}).get("digest", "")],
        ["签发者", document["issuer"]["id"]],
    ]
    return [row for row in rows if row[1]]


def _code(address: str) -> str:
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawing, kind="svg", border=2)
    return drawing.getvalue().decode()
