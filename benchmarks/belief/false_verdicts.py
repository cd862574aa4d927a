"""How often a family of known dimension, taken for data, is said to exceed every control.

Each family in turn is measured as if it were the data, through a CIFAR-10 network, trained and
untrained, with the controls that `controls=True` would match to it and with those of other kinds
only. Such inputs have a constant dimension: a verdict that they rise or fall by more than any
control is false. Of natural images the same verdicts are the power.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from benchmarks.belief.training import STEPS, load, network as trained_network
from benchmarks.shared.markdown import table
from benchmarks.shared.paths import OUTPUT
from dimscope.capture import Probe
from dimscope.controls import Control, matched, picture_family, smooth_maps, torus_maps
from dimscope.profiling import Profile, make_settings
from dimscope.profiling.head import holds_profile
from dimscope.profiling.run import profile_probe
from dimscope.results import Subject
from dimscope.verdicts import verdicts_of

NETWORKS = {"trained": STEPS[-1], "untrained": 0}
N_SAMPLES = 400
#: Families fed as data, with their kind.
FED: Mapping[str, str] = {
    "affine_d8": "picture",
    "smooth_d16": "smooth",
    "smooth_d64": "smooth",
    "torus_d16": "torus",
    "data": "none",
}
KINDS = ("smooth", "torus", "picture")
_SAMPLES = {"smooth": "smooth", "torus": "torus", "picture": "affine"}  # how names begin
RULES = ("rise_beyond_controls", "fall_beyond_controls")
#: Which controls a verdict sees.
CHOICES: Mapping[str, Any] = {
    "controls=True": lambda _: ("smooth", "picture"),
    "other kinds only": lambda own: tuple(kind for kind in KINDS if kind != own),
    "all kinds": lambda _: KINDS,
}


def fed(name: str, images: Tensor, seed: int) -> Tensor:
    """The inputs of a family, or natural images."""
    own = images[seed * N_SAMPLES : (seed + 1) * N_SAMPLES]
    if name == "data":
        return own
    kind, dimension = name.split("_d")
    if kind == "affine":
        family = picture_family(own[0], int(dimension))
    else:
        make = {"smooth": smooth_maps, "torus": torus_maps}[kind]
        family = make(own, int(dimension), length_scale=1.0, rng=seed)
    inputs = Control(family=family, replicate=seed).inputs(N_SAMPLES)
    assert isinstance(inputs, Tensor)
    return inputs


def measured(name: str, seed: int, images: Tensor) -> dict[str, Profile]:
    """For each network, the fed inputs and a matched control of each kind."""
    base = OUTPUT / "belief" / "false_verdicts" / f"{name}-{seed}"
    samples: dict[str, Tensor] = {}
    done = all(holds_profile(base / net) for net in NETWORKS)
    if not done:
        samples["data"] = fed(name, images, seed)
        for kind in KINDS:
            family = matched(samples["data"], kind, rng=seed)
            samples[family.name] = Control(family=family, seed=seed).inputs(N_SAMPLES)
    return {net: _of_network(net, base / net, samples) for net in NETWORKS}


def _of_network(net: str, out: Path, samples: Mapping[str, Tensor]) -> Profile:
    if holds_profile(out):
        return Profile.load(out)
    model = trained_network(0, NETWORKS[net])
    settings = make_settings(["two_nn"], metric="euclidean", n_repeats=2, rng=0, curves=())
    parts = []
    for name, inputs in samples.items():
        probe = Probe(model=model, data=inputs, batch_size=100)
        subject = Subject(model=net, sample=name)
        parts.append(profile_probe(probe, settings, subject, progress=False))
    whole = Profile.join(*parts)
    whole.save(out)
    return whole


def seen(profile: Profile, kinds: Sequence[str]) -> Profile:
    """Only the data and the controls of these kinds."""
    wanted = ("data", *(_SAMPLES[kind] for kind in kinds))
    values = profile.values
    kept = values["sample"].str.startswith(wanted)
    return replace(profile, values=values[kept], curves=profile.curves.iloc[:0])


def answers(name: str, seed: int, images: Tensor) -> Iterator[dict[str, Any]]:
    for net, profile in measured(name, seed, images).items():
        for choice, kinds in CHOICES.items():
            own = seen(profile, kinds(FED[name]))
            for verdict in verdicts_of(own):
                if verdict.rule in RULES:
                    yield {
                        "fed": name, "seed": seed, "network": net, "controls": choice,
                        "rule": verdict.rule, "holds": verdict.holds,
                        "statement": verdict.statement, "evidence": verdict.evidence,
                    }  # fmt: skip


def summary(found: pd.DataFrame) -> str:
    """A row for what was fed, a column for each choice of controls and rule."""
    rows = []
    for (name, net), own in found.groupby(["fed", "network"], sort=False):
        cells = []
        for choice in CHOICES:
            for rule in RULES:
                one = own[(own["controls"] == choice) & (own["rule"] == rule)]
                said = [sum(h is v for h in one["holds"]) for v in (True, False, None)]
                cells.append(" / ".join(map(str, said)))
        rows.append([str(name), str(net), *cells])
    head = ["fed as data", "network"]
    head += [f"{c}, {r.split('_')[0]}" for c in CHOICES for r in RULES]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--fed", nargs="*", default=list(FED))
    options = parser.parse_args()
    images = load()[1].images
    found = []
    for seed in range(options.seeds):
        for name in options.fed:
            started = time.process_time()
            found += list(answers(name, seed, images))
            spent = time.process_time() - started
            print(f"{name} {seed}: {spent:.0f} CPU-s", file=sys.stderr, flush=True)
    frame = pd.DataFrame(found)
    out = OUTPUT / "belief" / "false_verdicts.json"
    out.write_text(
        json.dumps(found, default=lambda x: x.item() if isinstance(x, np.generic) else x)
    )
    print(summary(frame))
    controls = frame[frame["fed"] != "data"]
    for (choice, rule), own in controls.groupby(["controls", "rule"], sort=False):
        n_false = sum(h is True for h in own["holds"])
        print(f"{choice}, {rule}: {n_false} of {len(own)} false")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
