"""The verifier on a large log: entries a second, its memory, and how long a proof takes that is read from tiles.

python -m benchmarks verifier
python -m benchmarks.verifier DIRECTORY            an export that is there, such as one of ten million entries
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import spread
from ledger.bundle.files import Bundle
from ledger.format import checkpoint, merkle, tiles
from tests.support.ledgers.large_export import generate

SIZES = (100_000, 1_000_000)
PROOFS = 2_000
_CHILD = (
    "import json, resource, sys, time\n"
    "from pathlib import Path\n"
    "from ledger.verification.verify import verify\n"
    "begun = time.perf_counter()\n"
    "report = verify(Path(sys.argv[1]))\n"
    "taken = time.perf_counter() - begun\n"
    "assert report.is_ok, report.text()\n"
    "used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "cpu = used.ru_utime + used.ru_stime\n"
    # The system's own ru_maxrss begins with that of the process this one was started from.
    "peak = int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
    "print(json.dumps({'entries': report.entries, 'seconds': taken, 'cpu_s': cpu, 'peak_kib': peak}))\n"
)


def measure(directory: Path) -> dict[str, Any]:
    """The figures for logs of growing size; memory must not grow with them."""
    figures = {}
    for size in SIZES:
        generate(directory / str(size), size)
        figures[str(size)] = measure_export(directory / str(size))
    return figures


def measure_export(directory: Path) -> dict[str, Any]:
    """The figures for one export."""
    result = subprocess.run([sys.executable, "-c", _CHILD, directory], capture_output=True, text=True, check=True)
    report = json.loads(result.stdout)
    bundle = Bundle(directory)
    size = checkpoint.parse_number(bundle.text("checkpoint").split("\n")[1])
    return {
        "entries": report["entries"],
        "per_s": round(report["entries"] / report["seconds"]),
        "per_cpu_s": round(report["entries"] / report["cpu_s"]),
        "peak_mib": round(report["peak_kib"] / 1024, 1),
        "proof_ms": _proofs(bundle, size),
    }


def _proofs(bundle: Bundle, size: int) -> dict[str, Any]:
    """Inclusion proofs of entries nobody expects, each from its tiles and checked, in milliseconds."""
    choice = random.Random(size)
    root = tiles.root_from_tiles(bundle.read_tile, size)
    durations = []
    for _ in range(PROOFS):
        index = choice.randrange(size)
        begun = time.perf_counter()
        path = tiles.inclusion_proof(bundle.read_tile, index, size)
        durations.append((time.perf_counter() - begun) * 1000)
        leaf = bundle.read_tile(0, index // tiles.WIDTH, tiles.width(0, index // tiles.WIDTH, size))
        at = index % tiles.WIDTH * merkle.HASH_SIZE
        merkle.verify_inclusion(index=index, size=size, leaf=leaf[at : at + merkle.HASH_SIZE], proof=path, root=root)
    durations.sort()
    return spread(durations, 3) | {"p99": round(durations[len(durations) * 99 // 100], 3)}


if __name__ == "__main__":
    print(json.dumps(measure_export(Path(sys.argv[1])), indent=2))
