"""Evidence of an answer: the request, the signed header fields, and the digest of the content.

Stored beside the data, it proves offline, to anyone with the exchange's public key, that the exchange gave exactly this
content in answer to exactly this request.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from data_exchange_client.errors import DeliveryAborted, ResponseUntrusted
from data_exchange_client.trust import Trust
from signatures import SentRequest, SignatureProblem, check_content_digest, read_response, verify_ed25519
from signatures.digests import digest_field
from signatures.structured import FieldError, decode_bytes, write_bare

# Header fields that the exchange's signature may cover, and the signature itself. No other field proves anything.
SIGNED_FIELDS = (
    "content-digest",
    "exchange-entry",
    "exchange-delivery",
    "exchange-next",
    "exchange-cut-by-row-cap",
    "signature-input",
    "signature",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signed answer without its content.

    `signature` is the request's, in the form of RFC 9651, or None for an unsigned request. `fields` holds the header
    fields that the answer's signature covers or consists of, by lower-case name. `completion` is the content of the signed
    statement that ends a stream, and `completed` the evidence of that statement.
    """

    method: str
    target_uri: str
    signature: str | None
    status: int
    fields: Mapping[str, str]
    completion: str | None = None
    completed: "Evidence | None" = None

    @classmethod
    def of(cls, request: SentRequest, *, status: int, headers: Mapping[str, str]) -> Self:
        """The evidence in an answer's header fields, given by lower-case name."""
        return cls(
            method=request.method,
            target_uri=request.target_uri,
            signature=None if request.signature is None else write_bare(request.signature),
            status=status,
            fields={name: headers[name] for name in SIGNED_FIELDS if name in headers},
        )

    @property
    def entry(self) -> int | None:
        """The ledger index in the answer."""
        text = self.fields.get("exchange-entry", "")
        return int(text) if text.isascii() and text.isdecimal() else None

    def check_signature(self, trust: Trust) -> None:
        """Check that the exchange signed this answer to this request. Raises ResponseUntrusted or TrustError."""
        try:
            signature = None if self.signature is None else decode_bytes(self.signature.strip(":"))
            request = SentRequest(method=self.method, target_uri=self.target_uri, signature=signature)
            signed = read_response(status=self.status, headers=self.fields, request=request)
            verify_ed25519(trust.public_key(signed.keyid, at=signed.created), signed.base, signed.signature)
        except (SignatureProblem, FieldError) as problem:
            raise ResponseUntrusted(f"the answer's signature was not accepted: {problem}") from problem

    def check_content(self, *, sha256: bytes, size: int) -> None:
        """Check that the content with this SHA-256 digest and size in bytes is the signed one.

        A stream is compared with the statement that ended it. Raises ResponseUntrusted, and DeliveryAborted for a stream
        that ended early.
        """
        digest = self.fields.get("content-digest")
        if digest is not None:
            try:
                check_content_digest(digest, sha256)
            except SignatureProblem as problem:
                raise ResponseUntrusted(str(problem)) from problem
            return
        if self.completion is None:
            if size:
                raise ResponseUntrusted("the answer has content that its signature does not cover")
            return
        ended = json.loads(self.completion)
        if ended.get("state") != "completed":
            raise DeliveryAborted("by the exchange's ledger the stream was not completed")
        if ended.get("bytes") != size or ended.get("content") != digest_field(sha256):
            raise DeliveryAborted("the content differs from what the exchange's ledger says was sent")

    def with_completion(self, completed: "Evidence", content: bytes) -> Self:
        """The evidence of a stream, with the signed statement that ended it."""
        return replace(self, completion=content.decode(), completed=completed)

    def verify(self, trust: Trust, content: Path) -> None:
        """Check a file against this evidence, offline. Raises ResponseUntrusted, DeliveryAborted or TrustError."""
        self.check_signature(trust)
        if self.completion is not None:
            if self.completed is None or not self._is_of_this_delivery(self.completed):
                raise ResponseUntrusted("the statement that ended the stream is missing, or is another delivery's")
            self.completed.check_signature(trust)
            statement = self.completion.encode()
            self.completed.check_content(sha256=hashlib.sha256(statement).digest(), size=len(statement))
        sha256, size = digest_of(content)
        self.check_content(sha256=sha256, size=size)

    def _is_of_this_delivery(self, completed: "Evidence") -> bool:
        delivery = self.fields.get("exchange-delivery")
        path = completed.target_uri.partition("?")[0]
        return completed.method == "GET" and bool(delivery) and path.endswith(f"/api/v1/deliveries/{delivery}")

    def text(self) -> str:
        """The evidence as JSON, which `parse` reads."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read evidence. Raises ResponseUntrusted if the text is none."""
        try:
            return cls._build(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ResponseUntrusted("this is not a file of evidence") from error

    @classmethod
    def _build(cls, document: Mapping[str, Any]) -> Self:
        completed = document["completed"]
        return cls(
            method=str(document["method"]),
            target_uri=str(document["target_uri"]),
            signature=None if document["signature"] is None else str(document["signature"]),
            status=int(document["status"]),
            fields={str(name): str(value) for name, value in document["fields"].items()},
            completion=None if document["completion"] is None else str(document["completion"]),
            completed=None if completed is None else cls._build(completed),
        )


def digest_of(path: Path) -> tuple[bytes, int]:
    """The SHA-256 digest and the size in bytes of a file, read in constant memory."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        return digest, file.tell()
