"""The recipe on Fashion-MNIST: its verdicts."""

import numpy as np
import pandas as pd
import pytest

from dimscope.errors import InputError
from dimscope.studies import run_recipe
from dimscope.studies.recipes.recanatesi import noise_fashion


@pytest.mark.statistical
def test_claims_come_from_every_condition():
    groups = noise_fashion.conditions().values()
    wanted = sorted({c.name: c for group in groups for c in group}.items())
    rng = np.random.default_rng(0)
    rows = [
        {
            "name": name,
            "seed": seed,
            "time": 1.0,
            "two_nn": 10 - 100 * c.rate_per_sample + 0.001 * rng.normal(),
            "participation_ratio": 5 + 0.01 * rng.normal(),
        }
        for name, c in wanted
        for seed in range(5)
    ]
    claims = {claim.statement: claim.holds for claim in noise_fashion.claims(pd.DataFrame(rows))}
    assert claims["TwoNN falls as B does (256, 64, 16)"]
    assert not claims["PR falls as B does (256, 64, 16)"]


def test_bad_devices(tmp_path):
    with pytest.raises(InputError, match="abacus"):
        run_recipe("recanatesi/noise_fashion", tmp_path, device="abacus")
