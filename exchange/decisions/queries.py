"""The SQL of policy bundles and decision inputs."""

import json
from datetime import datetime

from exchange.kernel.database import Connection
from policies.rego.bundle import Bundle


async def insert_input(connection: Connection, digest: str, document: bytes, *, now: datetime) -> None:
    """Store an input document, unless it is stored already. Durable when this returns outside a transaction."""
    await connection.execute(
        "INSERT INTO decision_inputs (digest, document, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        digest,
        document,
        now,
    )


async def insert_bundle(connection: Connection, bundle: Bundle, *, now: datetime) -> None:
    """Store a policy bundle, unless it is stored already. Raises UnicodeDecodeError for a file that is not UTF-8."""
    await connection.execute(
        "INSERT INTO policy_bundles (digest, files, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        bundle.digest,
        json.dumps({path: content.decode() for path, content in bundle.files.items()}),
        now,
    )


async def find_input(connection: Connection, digest: str) -> bytes | None:
    """The stored input document of a digest, unchecked, or None."""
    document: bytes | None = await connection.fetchval("SELECT document FROM decision_inputs WHERE digest = $1", digest)
    return document


async def find_bundle(connection: Connection, digest: str) -> Bundle | None:
    """The stored bundle of a digest, unchecked: its own digest is another where somebody changed it. None where there is none."""
    stored = await connection.fetchval("SELECT files::text FROM policy_bundles WHERE digest = $1", digest)
    if stored is None:
        return None
    files = json.loads(stored)
    texts = files if isinstance(files, dict) else {}
    return Bundle({path: str(text).encode() for path, text in texts.items()})
