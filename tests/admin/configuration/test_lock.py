"""The lock of a data directory: one holder, released by its death, shared with a child, not kept from other machines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin.configuration import lock
from admin.configuration.lock import COMMAND, SERVER, Held

_HOLD = "import os, sys; sys.stdin.read()"


def test_there_is_one_holder(tmp_path: Path) -> None:
    assert lock.find_holder(tmp_path) is None
    with lock.hold(tmp_path, SERVER):
        holder = lock.find_holder(tmp_path)
        assert holder is not None
        assert (holder.pid, holder.is_server, holder.is_here) == (os.getpid(), True, True)
        with pytest.raises(Held), lock.hold(tmp_path, COMMAND, patience=60):  # nobody waits for a server
            pass
    assert lock.find_holder(tmp_path) is None


def test_a_command_is_waited_for(tmp_path: Path) -> None:
    first = lock.acquire(tmp_path, COMMAND)
    waited_for = []

    def end_it(holder: lock.Holder) -> None:
        waited_for.append(holder.pid)
        os.close(first)

    with lock.hold(tmp_path, SERVER, patience=60, on_wait=end_it) as descriptor:
        assert descriptor is not None
    assert waited_for == [os.getpid()]


def test_a_child_that_inherited_it_keeps_it(tmp_path: Path) -> None:
    descriptor = lock.acquire(tmp_path, COMMAND)
    child = subprocess.Popen([sys.executable, "-c", _HOLD], stdin=subprocess.PIPE, pass_fds=(descriptor,))
    os.close(descriptor)  # as when the process that took it is killed
    assert lock.find_holder(tmp_path) is not None
    child.communicate()
    assert lock.find_holder(tmp_path) is None


def test_a_lock_held_on_another_machine_is_done_without(tmp_path: Path) -> None:
    descriptor = lock.acquire(tmp_path, SERVER)
    content = {"pid": 1, "host": "another-machine", "purpose": SERVER}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(content).encode(), 0)
    with lock.hold(tmp_path, SERVER) as none:
        assert none is None
    os.close(descriptor)
