"""The words of docs/reproduction.md that do not follow from the records."""

from __future__ import annotations

NOT_RUN = ["not run yet", "the run on this page is not complete"]

#: The experiment that has no recipe, as a row of the table of claims.
VGG16R = [
    "2",
    "The same in VGG-16 retrained on 1,440 photographs of 40 objects (VGG-16-R), with its "
    "decimation (Ansuini et al. 2019)",
    "29.4 71.7 62.1 43.7 19.3 11.6 7.8 6.4 5.4 from input to output",
    "",
    "cannot be run",
    "",
    "",
    "The photographs are not to be had. `ansuini/hunchback` stands in for the curve through depth, "
    "and the curve `n_samples` of every profile for the decimation.",
]

BEFORE = """
# Both papers, claim by claim

Every experiment of Ansuini et al. (2019) that can be run without its data, and what can be said of
Recanatesi et al. (2019), as a command that measures, judges and draws.

```sh
make reproduce-quick                                    # every recipe, small: minutes
dimscope reproduce --list                               # the recipes
dimscope reproduce ansuini/labels --out runs/labels     # one of them, as on this page
make reproduction                                       # this page, from the records beside it
```

**How to read it.** *Published* is what the paper reports; values of Ansuini et al. are read from
their vector figures (accurate to about 0.1, `dimscope.studies.published_figure`). *Ours* is what
the recipe measured, with its interval. A verdict is one of four: *reproduced*; *not reproduced*,
where our runs show otherwise; *cannot tell*, where they do not decide, with the reason; *not
judged*, at a budget too small to ask. Tests are paired over seeds, networks or classes, at the 1 %
level. Claims that fail are shown as failing.

**What differs throughout.** The photographs of the papers cannot be had with the software: ImageNet
networks see CIFAR-10, so shape and order are judged there, and values only where data and network
are the paper's own (MNIST). Of Recanatesi et al. neither a table nor a setting could be recovered:
our settings are our own, and the claims are those of the abstract. Networks are trained on 2 cores
in the time that is stated; `--budget full` has the papers' sizes. What inputs of known dimension
say of all this is in `critique/known_dimension` below and in [belief.md](belief.md).

Times are processor seconds of one core. The records, one line for each run, are in
[docs/reproduction/](reproduction).

## The claims
"""
