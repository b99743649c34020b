"""An answer as it can be shown to others: the request it answers, what was signed, and the digest of its content.

Kept beside the data, it lets anyone with the exchange's public key check later, offline, that the exchange gave exactly
this content to exactly this request.
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

# What a signature of the exchange may cover, and the signature itself; no other header is evidence of anything.
KEPT = ("content-digest", "exchange-entry", "exchange-delivery", "exchange-next", "signature-input", "signature")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signed answer without its content.

    `signature` is the request's, as RFC 9651 writes bytes, or None where the request was not signed. `fields` are the
    answer's headers that its signature covers or consists of, names in lower case. `completion` is the content of the
    exchange's signed statement that ended a stream, and `completed` the evidence of that statement.
    """

    method: str
    target_uri: str
    signature: str | None
    status: int
    fields: Mapping[str, str]
    completion: str | None = None
    completed: "Evidence | None" = None

    @classmethod
    def of(cls, asked: SentRequest, *, status: int, headers: Mapping[str, str]) -> Self:
        """The evidence in an answer; `headers` have lower-case names."""
        return cls(
            method=asked.method,
            target_uri=asked.target_uri,
            signature=None if asked.signature is None else write_bare(asked.signature),
            status=status,
            fields={name: headers[name] for name in KEPT if name in headers},
        )

    @property
    def entry(self) -> int | None:
        """The ledger index that the answer names."""
        text = self.fields.get("exchange-entry", "")
        return int(text) if text.isascii() and text.isdecimal() else None

    def check_signature(self, trust: Trust) -> None:
        """Return when the exchange signed this answer to this request. Raises ResponseUntrusted or TrustError."""
        try:
            signature = None if self.signature is None else decode_bytes(self.signature.strip(":"))
            asked = SentRequest(method=self.method, target_uri=self.target_uri, signature=signature)
            signed = read_response(status=self.status, headers=self.fields, request=asked)
            verify_ed25519(trust.public_key(signed.keyid, at=signed.created), signed.base, signed.signature)
        except (SignatureProblem, FieldError) as problem:
            raise ResponseUntrusted(f"the answer's signature was not accepted: {problem}") from problem

    def check_content(self, *, sha256: bytes, size: int) -> None:
        """Return when the content with this SHA-256 digest and size in bytes is the one that was signed.

        A stream is compared with the statement that ended it. Raises ResponseUntrusted, DeliveryAborted for a stream
        that did not end well.
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
                raise ResponseUntrusted("the answer has content that nothing signs")
            return
        ended = json.loads(self.completion)
        if ended.get("state") != "completed":
            raise DeliveryAborted("the exchange's ledger says that the stream was not completed")
        if ended.get("bytes") != size or ended.get("content") != digest_field(sha256):
            raise DeliveryAborted("what came is not what the exchange's ledger says was sent")

    def with_completion(self, completed: "Evidence", content: bytes) -> Self:
        """The evidence of a stream, with the signed statement that ended it."""
        return replace(self, completion=content.decode(), completed=completed)

    def verify(self, trust: Trust, content: Path) -> None:
        """Check a kept file against this evidence, offline. Raises ResponseUntrusted, DeliveryAborted or TrustError."""
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
        """Read evidence. Raises ResponseUntrusted when the text is not evidence."""
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
