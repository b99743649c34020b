"""Confine this process before it reads a stranger's file: bounded memory, time and output, no sockets, few files.

A parser that a hostile file has taken over still runs as the exchange's user. So the process gives up what reading a file
does not need: resource limits (setrlimit(2)) everywhere; on Linux also a filter of system calls (seccomp(2)), which
refuses sockets, programs and signals to others, and rules on paths (landlock(7)), where the kernel has them.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
import zoneinfo
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_OPEN_FILES: Final = 64
_NICENESS: Final = 10
_EACCES: Final = 13

# prctl(2).
_SET_DEATH_SIGNAL: Final = 1
_SET_SECCOMP: Final = 22
_SECCOMP_FILTER: Final = 2
_SET_NO_NEW_PRIVILEGES: Final = 38

# Per machine: AUDIT_ARCH of its system calls (seccomp(2)), and the numbers of those that are refused: socket, socketpair,
# kill, ptrace, execve, execveat, process_vm_readv, process_vm_writev, bpf, pidfd_send_signal, io_uring_setup, pidfd_getfd.
_SYSTEM_CALLS: Final[dict[str, tuple[int, tuple[int, ...]]]] = {
    "x86_64": (0xC000003E, (41, 53, 62, 101, 59, 322, 310, 311, 321, 424, 425, 438)),
    "aarch64": (0xC00000B7, (198, 199, 129, 117, 221, 281, 270, 271, 280, 424, 425, 438)),
}
_X32: Final = 0x40000000  # numbers from here on are a second set on x86_64

# landlock(7): numbers of its system calls, the same on all machines, and rights by bit.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_RULE_PATH: Final = 1
_EXECUTE: Final = 1 << 0
_READ_FILE: Final = 1 << 2
_READ_DIRECTORY: Final = 1 << 3
_RIGHTS_BY_VERSION: Final = (13, 14, 15, 15, 16)
_OF_DIRECTORIES: Final = ~(_EXECUTE | 1 << 1 | _READ_FILE | 1 << 14 | 1 << 15)


def confine(*, memory: int, seconds: int, output: int, readable: Iterable[Path], writable: Path) -> None:
    """Limit this process for good. Import all modules before, as far as possible.

    `memory`: bytes of data. `seconds`: of processor time; SIGXCPU ends the process after them. `output`: bytes of each
    file that it writes. `readable`: files and directories, besides Python's own; `writable`: one directory.
    """
    for limit, value in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(limit)
        resource.setrlimit(limit, (value, value) if most == resource.RLIM_INFINITY else (min(value, most),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # the first by a signal that the parent recognises
    with suppress(OSError):
        os.nice(_NICENESS)
    if sys.platform == "linux":
        _prefer_as_victim()
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        library.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _restrict_paths(library, [*_python_paths(), *readable], writable)
        _refuse_calls(library)


def _prefer_as_victim() -> None:
    """A machine out of memory ends this process first (proc(5), oom_score_adj)."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _python_paths() -> list[Path]:
    """The directories that modules, shared libraries and time zones are loaded from."""
    adapters = Path(__file__).parents[1]
    system = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime", "/proc/meminfo")
    others = [Path(path) for path in (sys.prefix, sys.base_prefix, *zoneinfo.TZPATH, *system)]
    return [adapters, adapters.parent / "groundwork", *others]


def _restrict_paths(library: ctypes.CDLL, readable: Iterable[Path], writable: Path) -> None:
    """Refuse all other paths. Without effect on a kernel that has no Landlock."""
    version = library.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    if version < 1:
        return
    handled = (1 << _RIGHTS_BY_VERSION[min(version, len(_RIGHTS_BY_VERSION)) - 1]) - 1
    attributes = struct.pack("=Q", handled)
    rules = library.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if rules < 0:
        return
    try:
        _permit(library, rules, writable, handled & ~_EXECUTE)
        for path in readable:
            _permit(library, rules, path, _READ_FILE | _READ_DIRECTORY | _EXECUTE)
        library.syscall(_RESTRICT_SELF, rules, ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _permit(library: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    """Permit rights on a file, or on all below a directory. A path that is missing needs none."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= ~_OF_DIRECTORIES
        rule = struct.pack("=Qi", rights, handle)
        library.syscall(_ADD_RULE, rules, _RULE_PATH, rule, ctypes.c_uint32(0))
    finally:
        os.close(handle)


class _Program(ctypes.Structure):
    """A filter of system calls: struct sock_fprog of seccomp(2)."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _refuse_calls(library: ctypes.CDLL) -> None:
    """Refuse system calls with EACCES (a classic BPF program). Without effect on other machines than those known."""
    if platform.machine() not in _SYSTEM_CALLS:
        return
    architecture, refused = _SYSTEM_CALLS[platform.machine()]
    allow, refuse = 0x7FFF0000, 0x00050000 | _EACCES  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
    load, equals, at_least, give = 0x20, 0x15, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K
    checks = [(at_least, _X32), *((equals, number) for number in refused)]
    program = [
        (load, 0, 0, 4),  # the architecture
        (equals, 0, len(checks) + 2, architecture),
        (load, 0, 0, 0),  # the number of the call
        *((operation, len(checks) - index, 0, value) for index, (operation, value) in enumerate(checks)),
        (give, 0, 0, allow),
        (give, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    library.prctl(_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(_Program(len(program), code)), 0, 0)
