"""A log that grows, signs, is mirrored and verified in any order, while somebody tampers with what is served and what is kept.

In every history, a mirror only ever holds what the log signed, every tampering is found, and what was not is
in order.
"""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger.bundle.http import Fetcher
from ledger.bundle.remote import Remote
from ledger.format import tiles
from ledger.verification.mirror import ExportFailed, ExportRefused, export
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.log_server import serve_log
from tests.support.ledgers.logs import Log

pytestmark = pytest.mark.endurance

COUNTS = st.integers(1, 40) | st.sampled_from([255, 256, 257])


class Machine(RuleBasedStateMachine):
    """`log` is what the operator has, `mirror` an auditor's directory, `size` how much of the log that one has."""

    @initialize(count=COUNTS)
    def begin(self, count: int) -> None:
        self.stack = ExitStack()
        self.mirror = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="exchange-test-"))) / "mirror"
        self.log = Log.signed_at(count)
        self.server = self.stack.enter_context(serve_log(self.log))
        self.size = 0

    @rule(count=COUNTS)
    def append(self, count: int) -> None:
        self.log.append(count)

    @precondition(lambda self: self.log.size not in self.log.checkpoints)
    @rule()
    def sign(self) -> None:
        self.log.sign()
        self.server.size = -1

    @rule()
    def mirror_it(self) -> None:
        exported = export(self.server.url, self.mirror, verifier=self.log.signer.verifier)
        assert exported.report.is_ok, exported.report.text()
        self.size = exported.checkpoint.size
        assert self.size == max(self.log.checkpoints)

    @rule()
    def verify_it_where_it_is_served(self) -> None:
        with Fetcher(self.server.url) as source:
            report = verify(Remote(source), verifier=self.log.signer.verifier)
        assert report.is_ok, report.text()
        assert report.size == max(self.log.checkpoints)

    @rule(data=st.data())
    def tamper_with_what_is_served(self, data: st.DataObject) -> None:
        """A file is served with a bit changed. The export is refused, or did not need it; the mirror stays in order."""
        files = self.log.files()
        path = data.draw(st.sampled_from(sorted(path for path in files if path.startswith(("tile/", "checkpoint")))))
        self.server.broken[path] = self._changed(files[path], data)
        try:
            self.mirror_it()
        except (ExportRefused, ExportFailed):
            if not self.size:
                shutil.rmtree(self.mirror, ignore_errors=True)
        finally:
            self.server.broken.clear()

    @precondition(lambda self: self.size)
    @rule(data=st.data())
    def tamper_with_what_is_kept(self, data: st.DataObject) -> None:
        """A bit of the mirror changes, or a file is lost; verifying tells, and the auditor brings the file back."""
        needed = sorted(path for path in self.mirror.rglob("*") if path.is_file() and self._is_needed(path))
        path = data.draw(st.sampled_from(needed))
        content = path.read_bytes()
        if data.draw(st.booleans()):
            path.write_bytes(self._changed(content, data))
        else:
            path.unlink()
        report = verify(self.mirror, verifier=self.log.signer.verifier, known=[self.log.checkpoints[self.size]])
        # A past checkpoint that is missing leaves no trace, unless it is the newest.
        assert not report.is_ok or path.parent.name == "checkpoints"
        path.write_bytes(content)

    @precondition(lambda self: self.size > 1)
    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        """The server shows the log as it was before the auditor came last."""
        self._refuse(Log.signed_at(data.draw(st.integers(1, self.size - 1))))

    @precondition(lambda self: self.size)
    @rule(data=st.data(), count=COUNTS)
    def fork(self, data: st.DataObject, count: int) -> None:
        """The server shows another history under the same key, with valid signatures, at least as long."""
        common = data.draw(st.integers(0, self.size - 1))
        other = Log.signed_at(common) if common else Log(self.log.signer)
        other.append(self.size - common + count - 1, forked=True)
        other.sign()
        self._refuse(other)
        report = verify(self.mirror, known=[other.newest])
        assert not report.is_ok

    @invariant()
    def the_mirror_is_as_it_was_signed(self) -> None:
        if getattr(self, "size", 0):
            report = verify(self.mirror, verifier=self.log.signer.verifier, known=[self.log.checkpoints[self.size]])
            # A refused export may have brought later checkpoints of the same log with it, and all that they cover.
            assert {finding.code for finding in report.findings} <= {Code.CHECKPOINT_REPLAYED}, report.text()

    def _refuse(self, other: Log) -> None:
        self.server.log, self.server.size = other, -1
        with pytest.raises((ExportRefused, ExportFailed)):
            export(self.server.url, self.mirror, verifier=self.log.signer.verifier)
        self.server.log, self.server.size = self.log, -1

    def _is_needed(self, path: Path) -> bool:
        """Whether the mirror rests on a file. A refused export may have left the right edge of a later tree."""
        name = str(path.relative_to(self.mirror))
        if not name.startswith("tile/"):
            return name not in ("policy", "vkey")
        tile = tiles.parse(name)
        return tile.width == tiles.width(tile.level, tile.index, self.size)

    @staticmethod
    def _changed(content: bytes, data: st.DataObject) -> bytes:
        changed = bytearray(content)
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        return bytes(changed)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
