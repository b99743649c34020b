"""The embedded database: a real PostgreSQL server from a wheel, in the data directory, without an installation.

The wheel gives the programs; this folder runs them. Only the user who runs the exchange reaches the server: it listens
on a Unix socket of mode 0700 in a directory of mode 0700, and no directory above it is changed.
"""

from exchange.kernel.embedded.account import DatabaseNotStarted
from exchange.kernel.embedded.handle import Embedded
from exchange.kernel.embedded.supervising import running, supervised

__all__ = ["DatabaseNotStarted", "Embedded", "running", "supervised"]
