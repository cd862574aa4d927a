"""Small runs of a profile, a tracker and a study, and what their folders may hold after a fault."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from torch import nn

import dimscope as ds
from dimscope._log import read_log
from dimscope.results import Tables, as_records
from dimscope.studies.jobs import Identity, run_jobs
from dimscope.tracking import read_run

_QUICK = {"methods": ["two_nn", "participation_ratio"], "n_repeats": 1, "progress": False}
_N_STEPS = 4


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))


def samples() -> torch.Tensor:
    return torch.randn(60, 6, generator=torch.Generator().manual_seed(1))


class Case(ABC):
    """A run that goes on where it was stopped.

    Attributes
    ----------
    name
        For the table.
    journal
        The name of its journal.
    """

    name: str
    journal: str

    @abstractmethod
    def run(self, folder: Path) -> None:
        """Run to the end, from whatever the folder holds."""

    @abstractmethod
    def result(self, folder: Path) -> str:
        """What a finished run holds that must be the same however often it was stopped, as JSON."""

    @abstractmethod
    def saved(self, folder: Path) -> str:
        """What a user loads from the folder, as JSON."""

    @abstractmethod
    def may_be_saved(self, saved: str, result: str) -> bool:
        """Whether what a user loads is a state that the run had at some moment."""

    def n_recorded(self, folder: Path) -> int:
        """How many lines the journal holds."""
        return len(read_log(folder / self.journal))


class ProfileCase(Case):
    """`dimscope.profile` with a folder."""

    name, journal = "profile", "unfinished.jsonl"

    def run(self, folder: Path) -> None:
        if not (folder / "provenance.json").exists() or (folder / self.journal).exists():
            ds.profile(network(), samples(), out=folder, **_QUICK)

    def result(self, folder: Path) -> str:
        return self.saved(folder)

    def saved(self, folder: Path) -> str:
        profile = ds.Profile.load(folder)
        return json.dumps([_rows(profile), profile.provenance])

    def may_be_saved(self, saved: str, result: str) -> bool:
        return saved == result


class TrackerCase(Case):
    """A tracked training that begins again from its first step, and goes on to another one.

    The second run has more ticks, so that its profile replaces one.
    """

    name, journal = "tracker", "ticks.jsonl"

    def run(self, folder: Path) -> None:
        if not folder.exists():
            self._train(folder, _N_STEPS // 2)
        self._train(folder, _N_STEPS)

    def _train(self, folder: Path, n_steps: int) -> None:
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with ds.Tracker(model, samples(), folder, schedule=1, **_QUICK) as tracker:
            for batch in samples().split(60 // _N_STEPS)[:n_steps]:
                loss = model(batch).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                tracker.step(loss=loss)

    def result(self, folder: Path) -> str:
        run, saved = read_run(folder), self.saved(folder)
        facts = run.provenance["Sequential"]
        if facts["differing"] or _of_run(run) != saved:
            raise AssertionError("the saved profile is not that of the journal")
        return saved

    def saved(self, folder: Path) -> str:
        return _of_run(ds.Profile.load(folder))

    def may_be_saved(self, saved: str, result: str) -> bool:
        tables, ticks = json.loads(saved)
        whole, all_ticks = json.loads(result)
        steps = {tick["step"] for tick in ticks}
        of_steps = {n: [r for r in rows if r["step"] in steps] for n, rows in whole.items()}
        return tables == of_steps and ticks == all_ticks[: len(ticks)]


class StudyCase(Case):
    """The jobs of a recipe."""

    name, journal = "study", "runs.jsonl"

    def run(self, folder: Path) -> None:
        jobs = [{"number": number} for number in range(8)]
        identity = Identity(recipe="torture/squares", version=1)
        run_jobs(jobs, _square, folder, identity, n_workers=1, progress=False)

    def result(self, folder: Path) -> str:
        return self.saved(folder)

    def saved(self, folder: Path) -> str:
        return json.dumps(read_log(folder / self.journal)[1:])

    def may_be_saved(self, saved: str, result: str) -> bool:
        found = json.loads(saved)
        return found == json.loads(result)[: len(found)]


CASES: tuple[Case, ...] = (ProfileCase(), TrackerCase(), StudyCase())


def _square(number: int) -> list[dict[str, Any]]:
    time.sleep(0.01)  # else hardly a kill meets it
    return [{"square": number**2, "third": number / 3}]


def _rows(tables: Tables) -> dict[str, Any]:
    return {n: as_records(table) for n, table in tables.tables().items() if n != "ticks"}


def _of_run(profile: Tables) -> str:
    """Its numbers without times, which differ from run to run."""
    ticks = profile.ticks.reindex(columns=["step", "epoch", "loss"])  # step 0 has no loss
    return json.dumps([_rows(profile), as_records(ticks)])
