"""The command `exchange`, also as `python -m admin`, by which one command starts another without a search path."""

import atexit
import gc

from admin.loading import interruptible_loading

with interruptible_loading():
    from admin.commands.main import main

# DuckDB complains at exit about objects that were never freed. Python frees them in its last collection, unless they are
# frozen; that one collection is enough.
atexit.register(gc.disable)
atexit.register(gc.unfreeze)

if __name__ == "__main__":
    main()
