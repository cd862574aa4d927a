"""The `Tracker`: measures a network while it learns, from inside any training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from dimscope._deprecated import renamed_parameters
from dimscope._folder_lock import hold_folder
from dimscope._parameters import checked_parameters
from dimscope._progress import live_line
from dimscope.capture import Mode, Probe, rank, require_whole, unwrapped
from dimscope.errors import InputError
from dimscope.estimators import Method
from dimscope.neighbors import LocalEngine, Metric, Resources
from dimscope.profiling import Profile, make_settings
from dimscope.profiling.passes import require_groups_fit
from dimscope.store import BATCH_SIZE, Budgets
from dimscope.tracking.journal import read_run, with_ticks
from dimscope.tracking.loggers import as_loggers
from dimscope.tracking.loop_state import LoopState, Position
from dimscope.tracking.measurer import TRACKED_METHODS, Measurer
from dimscope.tracking.metrics import as_numbers
from dimscope.tracking.schedule import make_schedule
from dimscope.tracking.session import Session, TickOptions, random_states_kept

if TYPE_CHECKING:
    import pandas as pd


@final
@renamed_parameters(device="search_device")
class Tracker:
    """Measures the layers of a network on one set of samples while it is trained.

    Call `step` after every optimiser step and `epoch` after every epoch; the schedule decides when
    to measure. A measurement (a tick) leaves the network's mode, buffers and gradients and the
    random states of torch, CUDA, NumPy and Python exactly as they were: training gives the same
    bits with and without. Each tick is appended to the run folder as soon as it is made, whole or
    not at all, so that a process that is killed loses none.

    A loop that was killed goes on with a Tracker of the same folder and settings. It restores its
    own checkpoint, and tells the Tracker which step that was: keep `state_dict` in the checkpoint
    and pass it to `load_state_dict`, or give ``start_step`` and ``start_epoch``. Steps that the
    loop then runs again are not measured again.

    On entry the Tracker checks that these are the same as before: settings, layers, schedule, the
    network's class with the names, types and shapes in its state, the hash of the samples and,
    where they are known, the network's values. Another run in the folder is refused. So is one that
    begins again at step 0 as soon as it differs from the recorded one. At a step that is reached
    again after a checkpoint was restored, the recorded tick stays; if the network has other values
    there, the Tracker warns once, and the provenance lists the step as ``differing``.

    A tick has the number of the step and of the epochs completed: at the end of an epoch this is
    the epoch that has just ended, counted from 1. If the loop does not stop at a step that is due,
    because it counts by more than one, its first step after that is measured.

    Parameters
    ----------
    model
        The network that is trained, also if wrapped for parallel training or compilation.
    data
        The samples, in any form that `dimscope.profile` takes, but neither shuffled nor randomly
        transformed: every reading must give the same.
    out
        The run folder.
    layers
        As in `dimscope.profile`.
    schedule
        ``"auto"``: steps 0, 1, 2, 4, 8, ... of the first epoch, then every epoch. ``"epochs"``; a
        number n, every n steps; a list of steps; or a `dimscope.tracking.Schedule`. Step 0 is
        measured on entry. So are the steps that were due before ``start_step`` and have no tick.
    start_step, start_epoch
        Steps done and epochs completed when the tracker is entered.
    max_overhead
        The share of the training time that ticks may take, such as 0.05. A tick that would exceed
        it is skipped for good, and listed with the reason. None for no limit.
    resume
        True: the folder holds this very run, though it does not repeat bit for bit. Differences are
        warned of, not refused.
    loggers
        One or several of: anything with ``log_metrics(metrics, step)``; TensorBoard's
        ``SummaryWriter``, which gets a figure too.
    methods, n_repeats
        As in `dimscope.profile`, but by default those that cost little: TwoNN, Gride and the
        participation ratio, with error bars from one partition into disjoint blocks.
    curves
        What else to record: ``"scale"``, Gride at every scale, and ``"spectrum"``, eigenvalues.
    metric, groups, pooling, axes, n_samples, rng, label, batch_size
        As in `dimscope.profile`.
    memory_budget, disk_budget, forward, mask, mode, n_jobs, search_device, progress
        As in `dimscope.profile`; progress is a line on stderr that each tick replaces.

    Raises
    ------
    InputError
        On construction and entry, if something is unknown or cannot be read, or the folder holds
        another run.
    CaptureError
        If the network fails on the samples.
    StoreError
        If the folder cannot be written, or another process uses it.

    Notes
    -----
    A tick keeps every metric that `step` is given twice: its value at that step, which is that of
    one noisy batch, and its mean over all steps since the last tick (``mean_loss`` of ``loss``). If
    a loop goes on between two ticks without `load_state_dict`, some of these steps are unknown, and
    the next tick has no means.

    With torch.distributed, make and call the Tracker in every process, or only in that of rank 0.
    Rank 0 measures and writes; the other processes do nothing, and wait for it at the next
    reduction of gradients. A tick must therefore take less than the group's timeout (10 minutes for
    NCCL). Networks whose parameters are split over processes (FSDP) are refused.

    A tick costs one forward pass of the samples, and one neighbour search and one spectrum for each
    layer; `overhead` says what share of the training time that is. On CUDA, a tick first waits for
    the work that training has queued, so that its time does not count as the tick's.

    Examples
    --------
    >>> import tempfile, torch
    >>> _ = torch.manual_seed(0)
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

    @checked_parameters
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
        resume: bool = False,
        loggers: Any = (),
        methods: Method | Sequence[Method] = TRACKED_METHODS,
        metric: Metric = "euclidean",
        groups: Any = None,
        pooling: Any = "flatten",
        axes: Mapping[str, str] | None = None,
        n_samples: int | None = None,
        n_repeats: int = 1,
        curves: Sequence[str] = (),
        rng: int | np.random.Generator = 0,
        label: str | None = None,
        batch_size: int = BATCH_SIZE,
        memory_budget: int | str = "1GiB",
        disk_budget: int | str | None = None,
        forward: Callable[[Any, Any], Any] | None = None,
        mask: Any = None,
        mode: Mode = "eval",
        n_jobs: int | None = None,
        search_device: str | None = None,
        progress: bool = True,
    ) -> None:
        self._out = Path(out)
        self._options = TickOptions(
            schedule=make_schedule(schedule),
            max_overhead=max_overhead,
            loggers=as_loggers(loggers),
            resume=resume,
        )
        self._loop = LoopState.at(start_step, start_epoch)
        self._progress = progress
        require_whole(inside := unwrapped(model))
        self._idle = rank() > 0
        engine = LocalEngine(Resources(n_jobs, search_device))
        settings = make_settings(
            methods,
            metric=metric,
            n_repeats=n_repeats,
            rng=rng,
            curves=curves,
            engine=engine,
            groups=groups,
        )
        probe = Probe(
            model=inside,
            data=data,
            layers=layers,
            pooling=pooling,
            axes=axes or {},
            n_samples=n_samples,
            batch_size=batch_size,
            forward=forward,
            mask=mask,
            mode=mode,
            budgets=Budgets.of(memory_budget, disk_budget),
        )
        require_groups_fit(settings, probe)
        self._make_measurer = partial(Measurer.of, probe, settings, label or type(inside).__name__)
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
        self._open.enter_context(hold_folder(self._out))
        session = Session.start(self._make_measurer(), self._options, self._out, self.position)
        self._session = session
        self._show = self._open.enter_context(live_line(self._progress))
        if self.position == (0, 0) or self.position.step in session.journal.ticks:
            self._loop.means.start()
        last = session.journal.last_until(self.position.step)
        if last == self.position.step or self._options.schedule.due_since(last, *self.position):
            self._tick()

    def __exit__(self, *_: object) -> None:
        session, self._session = self._session, None
        with self._open:
            if session is not None:
                session.end(self._out)

    @property
    def position(self) -> Position:
        """Steps done and epochs completed."""
        return self._loop.position

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint of the loop must keep, so that tracking goes on as if never stopped.

        Plain numbers: the position, and the sums of the metrics since the last tick. Reading them
        waits for the device.
        """
        return self._loop.to_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of the loop; this replaces ``start_step`` and ``start_epoch``.

        Raises
        ------
        InputError
            If the tracker was entered already.
        """
        if self._session is not None:
            raise InputError("load_state_dict after the tracker was entered: call it before `with`")
        self._loop = LoopState.of(state)

    @property
    def profile(self) -> Profile:
        """All ticks so far, also those of earlier sessions.

        Raises
        ------
        InputError
            If there is no tick.
        """
        return read_run(self._out)

    @property
    def overhead(self) -> float | None:
        """The time of all ticks, divided by the time of training, over all sessions.

        None before the first tick, and in a process that does not measure.
        """
        return None if self._idle else self._running().overhead

    @property
    def differing(self) -> tuple[int, ...]:
        """Steps that the loop reached again with other values in the network."""
        return () if self._idle else tuple(self._running().journal.differing)

    @property
    def metrics(self) -> dict[str, float | None]:
        """The metrics recorded at the current step; none if it has no tick."""
        tick = None if self._idle else self._running().journal.ticks.get(self.position.step)
        return {} if tick is None else dict(tick.metrics)

    def to_frame(self, curve: str | None = "estimate") -> pd.DataFrame:
        """The rows of a curve (None for all rows), with the epoch and metrics of their tick.

        Raises
        ------
        InputError
            If there is no tick, or no such curve.
        """
        return with_ticks(self.profile, curve)

    def step(self, *, at: int | None = None, **metrics: Any) -> bool:
        """Say that the network has made an optimiser step; measure it if the schedule says so.

        Parameters
        ----------
        at
            Steps done in all, for a loop that counts them itself; by default one more than before.
        metrics
            Numbers or tensors of one value, such as ``loss`` and ``accuracy``. They are read only
            when a tick is made, so that no step waits for a GPU.

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
        before = self.position.step
        self._loop.end_step(at, metrics)
        if self._idle:
            return False
        self._loop.means.add(self._loop.reported)
        return self._options.schedule.due_since(before, *self.position) and self._tick()

    def epoch(self, *, whole: bool = True, **metrics: Any) -> bool:
        """Say that an epoch is complete; measure the network if the schedule says so; see `step`.

        A tick that is made has the metrics of the last step too, unless they are given again.

        Parameters
        ----------
        whole
            False if training ends within the epoch. The network is measured as at the end of the
            epoch, but the epoch does not count as completed.
        metrics
            As in `step`.
        """
        epoch = self.position.epoch + 1
        if whole:
            self._loop.end_epoch()
            if not self._idle:
                self._running().journal.end_epoch(*self.position)
        if self._idle or not self._options.schedule.due_at_epoch(epoch):
            self.note(**metrics)
            return False
        self._loop.report(metrics)
        return self._tick()

    def note(self, **metrics: Any) -> bool:
        """Add metrics to the tick of the current step, also if that tick is made later.

        Metrics that the tick has already stay as they are.

        Returns
        -------
        bool
            Whether the current step has a tick.
        """
        self._loop.report(metrics)
        if self._idle:
            return False
        journal = self._running().journal
        if self.position.step not in journal.ticks:
            return False
        journal.note(self.position.step, as_numbers(self._loop.reported))
        return True

    def _running(self) -> Session:
        if self._session is None:
            raise InputError("the tracker is not running: write `with Tracker(...) as tracker:`")
        return self._session

    def _tick(self) -> bool:
        """Measure now, unless this step was measured or skipped before."""
        session, step = self._running(), self.position.step
        made = session.tick(*self.position, self._loop.numbers)
        if step in session.journal.ticks:
            self._loop.means.restart()
        if made:
            self._show(session.line_of(step))
        return made
