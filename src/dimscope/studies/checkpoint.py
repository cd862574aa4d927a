"""The file in which a long run keeps its state, and the processor seconds that led to it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from dimscope._files import write_file


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a run, so that it goes on from there when it was killed.

    Attributes
    ----------
    path
        The file.
    state
        What the run has to know to go on; None if it begins.
    earlier
        Processor seconds of the killed processes that led to the state.
    """

    path: Path
    state: bytes | None
    earlier: float
    _started: float = field(default_factory=time.process_time)

    @classmethod
    def at(cls, path: Path) -> Checkpoint:
        """Take up the run that ``path`` keeps, or begin it if there is no such file.

        Raises
        ------
        OSError
            If it cannot be read.

        Examples
        --------
        >>> Checkpoint.at(Path("nowhere/state")).state is None
        True
        """
        if not path.exists():
            return cls(path=path, state=None, earlier=0.0)
        seconds, _, state = path.read_bytes().partition(b"\n")
        return cls(path=path, state=state, earlier=float(seconds))

    @property
    def seconds(self) -> float:
        """Processor seconds of the run until now, those of killed processes included."""
        return self.earlier + time.process_time() - self._started

    def write(self, state: bytes) -> None:
        """Keep a state in place of the one before; a kill leaves one or the other.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        write_file(self.path, f"{self.seconds:.2f}\n".encode() + state)
