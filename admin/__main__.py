"""The command `exchange`, also as `python -m admin`: how one command starts another without looking for it on a path.

The package installs without what the server needs, for those who only fetch or verify; then this says what is missing.
Ctrl-C while the parts are still being loaded ends the process, with nothing begun and nothing to say.
"""

import atexit
import gc
import signal
import sys

from groundwork.loading import undisturbed

_interrupted = signal.getsignal(signal.SIGINT)
if _interrupted is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    with undisturbed():
        from admin.commands.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"error: the server is not installed here, {error.name} is missing: pip install 'data-exchange[server]'\n"
        "       a consuming system's command is exchange-client, an auditor's is ledger"
    )
finally:
    signal.signal(signal.SIGINT, _interrupted)
# DuckDB's binding complains at the end of objects that it was not given back. The interpreter collects them as it ends, if they
# are not frozen; that one collection is enough.
atexit.register(gc.disable)
atexit.register(gc.unfreeze)

if __name__ == "__main__":
    main()
