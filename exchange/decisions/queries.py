"""What is asked of the database about what decisions were made of, and the one way each row comes into it."""

import json
from datetime import datetime

from exchange.kernel.database import Connection
from policies.rego.bundle import Bundle


async def keep_input(connection: Connection, digest: str, document: bytes, *, now: datetime) -> None:
    """Keep an input document, where it is not kept already; durable when this returns outside a transaction."""
    await connection.execute(
        "INSERT INTO decision_inputs (digest, document, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        digest,
        document,
        now,
    )


async def keep_bundle(connection: Connection, bundle: Bundle, *, now: datetime) -> None:
    """Keep a policy bundle, where it is not kept already. Raises UnicodeDecodeError for a file that is no text."""
    await connection.execute(
        "INSERT INTO policy_bundles (digest, files, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        bundle.digest,
        json.dumps({path: content.decode() for path, content in bundle.files.items()}),
        now,
    )


async def kept_input(connection: Connection, digest: str) -> bytes | None:
    """The input document of a digest, as it lies there; None where it is not kept."""
    found: bytes | None = await connection.fetchval("SELECT document FROM decision_inputs WHERE digest = $1", digest)
    return found


async def kept_bundle(connection: Connection, digest: str) -> Bundle | None:
    """What lies there under a bundle's digest, whose own digest may be another by now; None where nothing does."""
    found = await connection.fetchval("SELECT files::text FROM policy_bundles WHERE digest = $1", digest)
    if found is None:
        return None
    files = json.loads(found)
    plain = files if isinstance(files, dict) else {}
    return Bundle({path: str(text).encode() for path, text in plain.items()})
