"""Durable writes: killed at any step, a file is the old one or the new one; after the call, the medium has it."""

import multiprocessing
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork import durable

OLD, NEW = b"old" * 1000, b"new" * 3000


class Killed(BaseException):
    """The process ends here; nothing of it is cleaned up."""


class Kernel:
    """Records the system calls of a write in order, and ends the process before or fails one of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.at: int | None = None
        self.error: BaseException | None = None
        for name in ("open", "fsync", "link", "replace", "unlink", "mkdir"):
            patch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if isinstance(self.error, Killed) and self.at is not None and len(self.calls) > self.at:
                raise self.error  # a killed process makes no more calls
            self.calls.append(self._describe(name, arguments))
            if self.at == len(self.calls) - 1 and self.error is not None:
                raise self.error
            return real(*arguments, **options)

        return call

    @staticmethod
    def _describe(name: str, arguments: tuple[Any, ...]) -> str:
        if name == "fsync":
            return "fsync directory" if stat.S_ISDIR(os.fstat(arguments[0]).st_mode) else "fsync file"
        if name == "open":
            return "open directory" if Path(arguments[0]).is_dir() else "create"
        return name


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:  # after tmp_path was made
    return Kernel(monkeypatch)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


WRITE = ["create", "fsync file", "replace", "unlink", "open directory", "fsync directory"]
EXCLUSIVE = ["create", "fsync file", "link", "unlink", "open directory", "fsync directory"]


def test_the_content_is_synced_before_the_name_and_the_directory_after_it(kernel: Kernel, tmp_path: Path) -> None:
    assert durable.write(tmp_path / "file", NEW)
    assert kernel.calls == WRITE
    kernel.calls.clear()
    assert durable.write(tmp_path / "other", NEW, exclusive=True)
    assert kernel.calls == EXCLUSIVE


def test_without_a_sync_the_write_is_only_atomic(kernel: Kernel, tmp_path: Path) -> None:
    durable.write(tmp_path / "file", NEW, sync=False)
    assert kernel.calls == ["create", "replace", "unlink"]
    kernel.calls.clear()
    durable.write(tmp_path / "file", NEW, sync_name=False)
    assert kernel.calls == ["create", "fsync file", "replace", "unlink"]


@pytest.mark.parametrize("step", range(len(WRITE)), ids=WRITE)
def test_a_process_killed_at_any_step_leaves_the_old_file_or_the_new_one(
    kernel: Kernel, tmp_path: Path, step: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    kernel.calls.clear()
    kernel.at, kernel.error = step, Killed()
    with pytest.raises(Killed):
        durable.write(path, NEW)
    kernel.at = None
    assert path.read_bytes() == (OLD if step <= WRITE.index("replace") else NEW)
    durable.remove_drafts(path)
    assert names(tmp_path) == {"file"}
    assert durable.write(path, NEW)


@pytest.mark.parametrize("step", range(len(EXCLUSIVE)), ids=EXCLUSIVE)
def test_a_process_killed_at_any_step_leaves_an_exclusive_name_free_or_whole(
    kernel: Kernel, tmp_path: Path, step: int
) -> None:
    path = tmp_path / "file"
    kernel.at, kernel.error = step, Killed()
    with pytest.raises(Killed):
        durable.write(path, NEW, exclusive=True)
    kernel.at = None
    is_linked = step > EXCLUSIVE.index("link")
    assert path.exists() == is_linked
    assert durable.write(path, OLD, exclusive=True) is not is_linked
    assert path.read_bytes() == (NEW if is_linked else OLD)
    durable.remove_drafts(path)
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("step", [step for step, name in enumerate(WRITE) if name != "unlink"])
def test_an_error_at_any_step_is_raised_and_leaves_no_draft(kernel: Kernel, tmp_path: Path, step: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    kernel.calls.clear()
    kernel.at, kernel.error = step, OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        durable.write(path, NEW)
    assert path.read_bytes() == (OLD if step <= WRITE.index("replace") else NEW)
    assert names(tmp_path) == {"file"}


def test_a_block_that_raises_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(OLD)

    def write() -> None:
        with durable.replacing(path) as draft:
            draft.write(NEW)
            raise LookupError

    with pytest.raises(LookupError):
        write()
    assert path.read_bytes() == OLD
    assert names(tmp_path) == {"file"}


def test_pieces_become_one_file(tmp_path: Path) -> None:
    with durable.replacing(tmp_path / "file") as draft:
        draft.write(b"one ")
        assert not (tmp_path / "file").exists()
        draft.write(b"two")
    assert (tmp_path / "file").read_bytes() == b"one two"
    assert not draft.is_lost


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_has_its_mode_from_the_first_moment(tmp_path: Path, mode: int) -> None:
    with durable.replacing(tmp_path / "file", mode=mode) as draft:
        assert stat.S_IMODE(draft.path.stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_a_link_is_replaced_and_its_target_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(OLD)
    (tmp_path / "file").symlink_to("target")
    durable.write(tmp_path / "file", NEW)
    assert (tmp_path / "target").read_bytes() == OLD
    assert not (tmp_path / "file").is_symlink()
    (tmp_path / "dangling").symlink_to("nowhere")
    assert not durable.write(tmp_path / "dangling", NEW, exclusive=True)


def test_drafts_of_other_files_are_left_alone(tmp_path: Path) -> None:
    draft = "0123456789abcdef"
    other_names = {f".a.b.{draft}", f".a.{draft}0", f".a.{draft[1:]}", f".xa.{draft}", ".a.conf", f"a.{draft}", "a"}
    for name in (*other_names, f".a.{draft}", f".a[1].{draft}"):
        (tmp_path / name).touch()
    durable.remove_drafts(tmp_path / "a")
    durable.remove_drafts(tmp_path / "a[1]")
    durable.remove_drafts(tmp_path / "missing" / "a")
    assert names(tmp_path) == other_names


def _create(path: Path, content: bytes, start: Any, results: Any) -> None:
    start.wait()
    results.put(durable.write(path, content, exclusive=True))


@pytest.mark.endurance
def test_of_several_processes_one_creates_an_exclusive_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    path, contents = tmp_path / "file", [bytes([number]) * 100_000 for number in range(4)]
    processes = [context.Process(target=_create, args=(path, content, start, results)) for content in contents]
    for process in processes:
        process.start()
    start.set()
    written = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert sorted(written) == [False, False, False, True]
    assert path.read_bytes() in contents
    assert names(tmp_path) == {"file"}


def test_a_move_makes_the_new_name_durable_before_the_old_one_is_gone(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "file").write_bytes(NEW)
    (tmp_path / "b" / "file").write_bytes(OLD)
    kernel.calls.clear()
    durable.move(tmp_path / "a" / "file", tmp_path / "b" / "file")
    assert kernel.calls == ["replace", *["open directory", "fsync directory"] * 2]
    assert (tmp_path / "b" / "file").read_bytes() == NEW
    kernel.calls.clear()
    durable.move(tmp_path / "b" / "file", tmp_path / "b" / "other")
    assert kernel.calls == ["replace", "open directory", "fsync directory"]


@pytest.mark.usefixtures("open_umask")
def test_each_new_directory_is_durable_in_its_parent(kernel: Kernel, tmp_path: Path) -> None:
    kernel.calls.clear()
    durable.make_directory(tmp_path / "a" / "b")
    assert kernel.calls == ["mkdir", "open directory", "fsync directory"] * 2
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    (tmp_path / "a").chmod(0o755)
    kernel.calls.clear()
    durable.make_directory(tmp_path / "a")
    assert kernel.calls == []
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        durable.make_directory(tmp_path / "file")
