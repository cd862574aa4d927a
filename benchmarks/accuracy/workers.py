"""The estimates of other libraries, from processes that run `peers.py` in their environments."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from benchmarks.accuracy.peers import PYTHONS
from benchmarks.accuracy.rows import TOO_SLOW, Answer, Method, Row, row_of
from benchmarks.accuracy.samples import Sample
from benchmarks.shared.paths import ROOT


class Workers:
    """A process for each library, in its environment, that is started when it is first asked."""

    def __init__(self, limit: float):
        self.limit = limit
        self.running: dict[str, tuple[subprocess.Popen[str], str]] = {}

    def row(self, method: Method, sample: Sample, path: Path) -> Row:
        """What a library says of a sample; a call beyond the limit ends its process."""
        process, version = self._process(method.library)
        request = {"method": method.name, "points": str(path.resolve()), "limit": self.limit}
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            code = _ended(process)
            del self.running[method.library]
            note = TOO_SLOW if code == -signal.SIGPROF else f"its process ended with code {code}"
            return row_of(method, version, sample, Answer(None, self.limit, note))
        return row_of(method, version, sample, Answer(**json.loads(line)))

    def stop(self) -> None:
        for process, _ in self.running.values():
            process.terminate()
            _ended(process)

    def _process(self, library: str) -> tuple[subprocess.Popen[str], str]:
        if library not in self.running:
            process = subprocess.Popen(
                [str(PYTHONS[library]), "-m", "benchmarks.accuracy.peers", library],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=ROOT,
            )
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{library} does not start in {PYTHONS[library]}")
            self.running[library] = process, json.loads(line)["version"]
        return self.running[library]


def _ended(process: subprocess.Popen[str]) -> int:
    """The exit code of a process, once it has ended and its pipes are closed."""
    with suppress(BrokenPipeError), process:
        pass
    return process.wait()
