"""The command `exchange`, also as `python -m admin`: how one command starts another without looking for it on a path.

The package installs without what the server needs, for those who only fetch or verify; then this says what is missing.
Ctrl-C while the parts are still being loaded ends the process, with nothing begun and nothing to say. Nothing of them is
garbage, so the collector waits until they are there, which saves a fifth of the time.
"""

import gc
import signal
import sys

_interrupted = signal.getsignal(signal.SIGINT)
if _interrupted is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
gc.disable()
try:
    from admin.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"error: the server is not installed here, {error.name} is missing: pip install 'data-exchange[server]'\n"
        "       a consuming system's command is exchange-client, an auditor's is ledger"
    )
finally:
    gc.enable()
    signal.signal(signal.SIGINT, _interrupted)

if __name__ == "__main__":
    main()
