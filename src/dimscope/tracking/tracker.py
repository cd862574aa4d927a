"""Measuring a network while it learns, from inside any training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, final

import numpy as np

from dimscope._deprecated import renamed_parameters
from dimscope._progress import live_line
from dimscope.capture import Probe, rank, require_whole, unwrapped
from dimscope.errors import InputError
from dimscope.estimators import Method
from dimscope.neighbors import LocalEngine, Metric, Resources
from dimscope.profiling import Profile, make_settings
from dimscope.profiling.passes import versions_used
from dimscope.store import BATCH_SIZE, Budgets
from dimscope.tracking.clock import Clock
from dimscope.tracking.loggers import as_loggers
from dimscope.tracking.measurer import Measurer
from dimscope.tracking.said import RunningMeans, as_numbers, kept
from dimscope.tracking.schedule import make_schedule
from dimscope.tracking.session import Session, random_states_kept
from dimscope.tracking.ticks import TickJournal, read_run

if TYPE_CHECKING:
    import pandas as pd

#: The dimensions of the papers that need few neighbours and no eigenvalues.
TRACKED_METHODS: tuple[str, ...] = ("two_nn", "gride", "participation_ratio")


class Position(NamedTuple):
    """Where a training loop stands: steps done, and epochs completed."""

    step: int
    epoch: int


@final
@renamed_parameters(device="search_device")
class Tracker:
    """Measures the layers of a network on one set of samples while it is trained.

    Call `step` after every optimiser step and `epoch` after every epoch; the schedule decides when
    to measure. A measurement (a tick) leaves the network's mode, buffers and gradients and the
    random states of torch, CUDA, NumPy and Python exactly as they were: training gives the same
    bits with and without. Each tick is appended to the run folder as soon as it is made, whole or
    not at all, so that a process that is killed loses none.

    A loop that goes on after a kill enters a Tracker with the same folder and settings, in the
    state of its own checkpoint. Which that is, `load_state_dict` says, with what `state_dict` gave
    when the checkpoint was made; or ``start_step`` and ``start_epoch``.
    Steps that it then runs again are not measured again. Compared are, on entry, the settings, the
    layers, the schedule, the network's class with the names, types and shapes in its state, and
    the samples by their hash; and at every step that is reached again, the network's values: where
    they differ from those recorded, the recorded tick stays, a warning is given once, and the step
    is listed as ``differing`` in the provenance.

    Parameters
    ----------
    model
        The network that is trained; wrappers of parallel training and compilation are looked into.
    data
        The samples, in any form that `dimscope.profile` takes, the same at every reading: neither
        shuffled nor randomly transformed.
    out
        The run folder.
    layers
        As in `dimscope.profile`.
    schedule
        ``"auto"``: steps 0, 1, 2, 4, 8, ... of the first epoch, then every epoch. ``"epochs"``; a
        number n, every n steps; a list of steps; or a `dimscope.tracking.Schedule`. Step 0 is
        measured on entry.
    start_step, start_epoch
        Steps done and epochs completed in the state in which the network is on entry.
    max_overhead
        The share of the training time that ticks may take, such as 0.05. A tick that would exceed
        it is left out, for good, and listed with the reason; the samples never change. None
        measures whatever is due.
    loggers
        One or several of: anything with ``log_metrics(metrics, step)``; TensorBoard's
        ``SummaryWriter``, which gets a figure too.
    methods, n_repeats
        As in `dimscope.profile`, but by default those that cost little: TwoNN, Gride and the
        participation ratio, with error bars from one partition into disjoint blocks.
    curves
        What to record besides: ``"scale"``, Gride at every scale, and ``"spectrum"``, eigenvalues.
    metric, pooling, n_samples, rng, label, batch_size
        As in `dimscope.profile`.
    memory_budget, disk_budget, forward, n_jobs, search_device, progress
        As in `dimscope.profile`; progress is a line on stderr that each tick replaces.

    Raises
    ------
    InputError
        On construction and entry, if something is unknown or cannot be read, or the folder holds
        another run.
    CaptureError
        If the network fails on the samples.
    StoreError
        If the folder cannot be written.

    Notes
    -----
    A metric that `step` is given is kept with a tick twice: as it was at that step, which is one
    noisy batch, and as the mean over all steps since the tick before, ``mean_loss`` of ``loss``.
    A loop that goes on between two ticks without `load_state_dict` leaves the means of the next
    tick out, for the steps that it does not know.

    With torch.distributed, make and call the Tracker in every process, or in that of rank 0 alone:
    only that one measures and writes, the others pass through, and wait for it at the next
    reduction of gradients. A tick must therefore take less than the group's timeout (of NCCL, 10
    minutes). Networks whose parameters are split over processes (FSDP) are refused.

    A tick costs one forward pass of the samples and one search of neighbours and one spectrum for
    each layer; `overhead` says what that comes to. On CUDA, work that is queued is waited for, so
    that its time is not taken for the tick's.

    Examples
    --------
    >>> import tempfile, torch
    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <torch...>
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> x = torch.randn(200, 8)
    >>> with Tracker(model, x, tempfile.mkdtemp(), methods="two_nn", schedule=[0, 2]) as tracker:
    ...     for batch in x.split(50):
    ...         loss = model(batch).square().mean()
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...         optimizer.step()
    ...         measured = tracker.step(loss=loss)
    >>> tracker.to_frame()[["step", "layer"]].values.tolist()
    [[0, 'input'], [0, '1'], [0, '2'], [2, 'input'], [2, '1'], [2, '2']]
    """

    def __init__(  # noqa: PLR0913 - the options of a profile, and when to make one
        self,
        model: Any,
        data: Any,
        out: str | Path,
        *,
        layers: Any = "auto",
        schedule: Any = "auto",
        start_step: int = 0,
        start_epoch: int = 0,
        max_overhead: float | None = None,
        loggers: Any = (),
        methods: Method | Sequence[Method] = TRACKED_METHODS,
        metric: Metric = "euclidean",
        pooling: Any = "flatten",
        n_samples: int | None = None,
        n_repeats: int = 1,
        curves: Sequence[str] = (),
        rng: int | np.random.Generator = 0,
        label: str | None = None,
        batch_size: int = BATCH_SIZE,
        memory_budget: int | str = "1GiB",
        disk_budget: int | str | None = None,
        forward: Callable[[Any, Any], Any] | None = None,
        n_jobs: int | None = None,
        search_device: str | None = None,
        progress: bool = True,
    ) -> None:
        if min(start_step, start_epoch) < 0:
            raise InputError(f"start_step={start_step}, start_epoch={start_epoch}: both from 0 on")
        if max_overhead is not None and not max_overhead > 0:
            raise InputError(f"max_overhead={max_overhead} must be above 0, or None for no limit")
        self._out = Path(out)
        self._schedule = make_schedule(schedule)
        self._at = Position(start_step, start_epoch)
        self._said: dict[str, Any] = {}  # metrics of the current step
        self._means = RunningMeans(None)  # until it is known what came before
        self._max_overhead = max_overhead
        self._loggers = as_loggers(loggers)
        self._label = label or type(unwrapped(model)).__name__
        self._progress = progress
        require_whole(unwrapped(model))
        self._idle = rank() > 0
        engine = LocalEngine(Resources(n_jobs, search_device))
        settings = make_settings(
            methods, metric=metric, n_repeats=n_repeats, rng=rng, curves=curves, engine=engine
        )
        probe = Probe(
            model=unwrapped(model),
            data=data,
            layers=layers,
            pooling=pooling,
            n_samples=n_samples,
            batch_size=batch_size,
            forward=forward,
            budgets=Budgets.of(memory_budget, disk_budget),
        )
        self._make_measurer = partial(Measurer.of, probe, settings, self._label)
        self._open = ExitStack()
        self._session: Session | None = None

    def __enter__(self) -> Self:
        if not self._idle:
            try:
                with random_states_kept():
                    self._start()
            except BaseException:
                self._session = None
                self._open.close()
                raise
        return self

    def _start(self) -> None:
        measurer = self._make_measurer()
        identity = measurer.identity() | {
            "schedule": self._schedule.to_dict(),
            "max_overhead": self._max_overhead,
        }
        journal = TickJournal.open(self._out, identity)
        journal.start_session({"versions": versions_used(), "started_at": self._at._asdict()})
        show = self._open.enter_context(live_line(self._progress))
        self._session = Session(
            measurer=measurer,
            journal=journal,
            clock=Clock.of(journal.training_seconds, journal.ticks.values()),
            show=show,
            max_overhead=self._max_overhead,
            loggers=self._loggers,
        )
        if self._means.totals is None and (self._at == (0, 0) or self._at.step in journal.ticks):
            self._means = RunningMeans()
        if self._schedule.due_at_step(*self._at):
            self._tick()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session, self._session = self._session, None
        self._open.close()
        if session is None:
            return
        with session.clock.paused():
            session.journal.end_session(session.clock.training_seconds)
            if session.journal.ticks:
                read_run(self._out).save(self._out)

    @property
    def position(self) -> Position:
        """Steps done and epochs completed."""
        return self._at

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint of the loop must keep so that all goes on as if it had not stopped.

        Plain numbers: the position, and the sums of what was said since the last tick, for which a
        device is waited for.
        """
        return {**self._at._asdict(), "means": self._means.to_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of the loop; it replaces ``start_step`` and ``start_epoch``.

        Raises
        ------
        InputError
            If the tracker was entered already.
        """
        if self._session is not None:
            raise InputError("load_state_dict after the tracker was entered: call it before `with`")
        self._at = Position(state["step"], state["epoch"])
        self._means = RunningMeans.of(state["means"])

    @property
    def profile(self) -> Profile:
        """All ticks so far, those of earlier sessions among them.

        Raises
        ------
        InputError
            If there is none.
        """
        return read_run(self._out)

    @property
    def overhead(self) -> float | None:
        """Time of all ticks over the time of training, over all sessions; None before the first.

        None in a process that does not measure.
        """
        return None if self._idle else self._running().overhead

    @property
    def differing(self) -> tuple[int, ...]:
        """Steps that were reached again with other values in the network than were measured."""
        return () if self._idle else tuple(self._running().journal.differing)

    @property
    def metrics(self) -> dict[str, float | None]:
        """The metrics recorded at the current step; none if it has no tick."""
        tick = None if self._idle else self._running().journal.ticks.get(self._at.step)
        return {} if tick is None else dict(tick.metrics)

    def to_frame(self, curve: str | None = "estimate") -> pd.DataFrame:
        """The rows of a curve (None for all), with the epoch and the metrics of their ticks.

        Raises
        ------
        InputError
            If there is no tick, or no such curve.
        """
        profile = self.profile
        ticks = profile.ticks.drop(columns=["seconds", "training_seconds"])
        return profile.to_frame(curve).merge(ticks, on=["model", "step"], how="left")

    def step(self, *, at: int | None = None, **metrics: Any) -> bool:
        """Say that the network has made an optimiser step, and measure it if it is time.

        Parameters
        ----------
        at
            Steps done in all, where the loop counts itself; one more than before by default.
        metrics
            Numbers or tensors of one value, such as ``loss`` and ``accuracy``; they are looked at
            only when a tick is made, so that a GPU is not waited for.

        Returns
        -------
        bool
            Whether a tick was made now.

        Raises
        ------
        InputError
            If the tracker was not entered, ``at`` does not grow, or a metric is no number.
        CaptureError
            If the network fails, or the samples differ from those of other ticks.
        """
        now = self._at.step + 1 if at is None else at
        if now <= self._at.step:
            raise InputError(f"step {now} after step {self._at.step}: steps must grow")
        self._at = Position(now, self._at.epoch)
        self._said = kept(metrics)
        if self._idle:
            return False
        self._means.add(self._said)
        return self._schedule.due_at_step(*self._at) and self._tick()

    def epoch(self, **metrics: Any) -> bool:
        """Say that an epoch is complete, and measure it if it is time; see `step`.

        A tick that is made has the metrics of the last step too, unless they are given again.
        """
        self._at = Position(self._at.step, self._at.epoch + 1)
        if self._idle or not self._schedule.due_at_epoch(self._at.epoch):
            self.note(**metrics)
            return False
        self._said |= kept(metrics)
        return self._tick()

    def note(self, **metrics: Any) -> bool:
        """Add metrics to the tick of the current step, if there is one or will be at this step.

        What the tick has already stays.

        Returns
        -------
        bool
            Whether there is one.
        """
        self._said |= kept(metrics)
        if self._idle:
            return False
        journal = self._running().journal
        if self._at.step not in journal.ticks:
            return False
        journal.note(self._at.step, as_numbers(self._said))
        return True

    def _running(self) -> Session:
        if self._session is None:
            raise InputError("the tracker is not running: write `with Tracker(...) as tracker:`")
        return self._session

    def _tick(self) -> bool:
        """Measure now, unless this step was decided on before."""
        session = self._running()
        made = session.tick(*self._at, self._numbers)
        if self._at.step in session.journal.ticks:
            self._means = RunningMeans()
        if made:
            session.show_tick(self._at.step)
        return made

    def _numbers(self) -> dict[str, float | None]:
        """What was said of this step, and the means since the tick before."""
        said = as_numbers(self._said)
        return said | {n: v for n, v in self._means.values().items() if n not in said}
