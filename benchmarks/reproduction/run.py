"""Run every recipe, one after the other; what was run before is not run again.

    python -m benchmarks.reproduction.run --budget quick --out reproduce-output

The folder has a sub-folder for each recipe: its record, table and figures. A recipe that fails is
said, and costs no other. The exit code is 1 if one failed; verdicts do not change it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.shared.messages import say
from dimscope.cli.main import run as dimscope
from dimscope.errors import DimscopeError
from dimscope.studies import BUDGETS, RECIPES, run_recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=RECIPES, metavar="RECIPE")
    parser.add_argument("--budget", choices=BUDGETS, default="quick")
    parser.add_argument("--out", type=Path, default=Path("reproduce-output"))
    options = parser.parse_args()
    unknown = set(options.recipes) - set(RECIPES)
    if unknown:
        parser.error(f"no recipe {', '.join(sorted(unknown))}: choose from {', '.join(RECIPES)}")

    started = time.monotonic()
    failed = []
    for name in options.recipes:
        since = time.monotonic()
        print(f"\n## {name}\n", flush=True)
        folder = options.out / name
        try:
            run_recipe(name, folder, budget=options.budget)
        except DimscopeError as error:
            failed.append(name)
            say(f"{name} failed: {error}")
            continue
        dimscope(["reproduce", name, "--budget", options.budget, "--out", str(folder)])
        say(f"{name}: {time.monotonic() - since:.0f} s")
    say(f"{len(options.recipes)} recipes: {time.monotonic() - started:.0f} s")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
