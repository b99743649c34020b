"""The application in a process that serves: a worker ends with its parent, and libraries log as the exchange does."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from fastapi import FastAPI

from admin.server import metrics
from admin.server.serving import STOP_SECONDS
from exchange.app import from_environment
from exchange.kernel import logs
from exchange.settings import Settings


def application() -> FastAPI:
    """The application of the environment, for uvicorn."""
    logs.begin_serving()
    settings = Settings()
    if settings.metrics_port is not None:
        metrics.begin(settings.data)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
    return from_environment()


def _end_with(parent: BaseProcess) -> None:
    """End this process when its parent ends, even by SIGKILL: nobody would replace it, or stop it for a new server."""
    parent.join()
    logs.log().critical("the process that started this worker has ended; the worker ends too")
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(2 * STOP_SECONDS)
    os._exit(1)
