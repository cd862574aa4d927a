"""The words of docs/reproduction.md that do not follow from the records."""

from __future__ import annotations

NOT_RUN = ("not run yet", "the run on this page is not complete")

#: Experiments that have no recipe, as rows below their claims.
WITHOUT_RECIPE = {
    2: [
        [
            "2",
            "The same in VGG-16 retrained on 1,440 photographs of 40 objects (VGG-16-R), with its "
            "decimation (Ansuini et al. 2019)",
            "29.4 71.7 62.1 43.7 19.3 11.6 7.8 6.4 5.4 from input to output",
            "",
            "cannot be run",
            "",
            "",
            "The photographs are not to be had. `ansuini/hunchback` stands in for the curve "
            "through depth, and the curve `n_samples` of every profile for the decimation.",
        ]
    ]
}

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
in the time that is stated; `--budget full` has the papers' sizes, but for MNIST\\*. What inputs of
known dimension say of all this is on the page
[Is a rise of the dimension about the data?](critique.md)

Times are processor seconds of one core; of a run that was killed and went on, some count the last
process only, as the recipes did until lately. The records, one line for each run, are in
[docs/reproduction/](reproduction).

## The claims
"""

AFTER = """
## Found on the way

What the recipes showed beside the verdicts.

- **Which images the MNIST table is of.** The first 2,000 test images read 13.2 at the input, as
  published; the first 2,000 training images read 11.0. The flag of the released script is swapped:
  its default takes the training images (`ansuini/mnist`, at any budget).
- **The luminance of MNIST\\*.** With lambda = 100, as is reported, the input reads 11.2 and not
  3.0. The published value is read at lambda = 984 (3.0 ± 0.3 at 873 to 1131), for pixels in 0 .. 1.
  Other units, float64 and perturbing twice do not explain it. One thing else comes near: 600 images
  at 300, the default of the published script, read 2.97 ± 0.10 (`ansuini/luminance`).
- **Shuffled labels compress, too, after the peak.** Over 8 seeds of each of three data sets the
  last hidden layer has the larger dimension where shuffled labels are fitted (18.6 and 8.5 on
  MNIST). But the largest is that of the layer before, not of the last hidden one as in the paper's
  net, and on CIFAR-10 shuffled labels, too, leave less than the input has (`ansuini/labels`).
- **Where the luminance is undone.** At lambda = 1,000 three networks that know 98 % of the test
  images read 2.9 at the input, 3.7 at conv1 and pool1, and 8.3 at conv2, much as published (3.0,
  3.0, 3.2, 8.0); from there they read more than is published (d1 8.7 for 7.4). At 100 nothing is
  collapsed that could recover. How high late layers read depends on how long a network is trained:
  d1 of the MNIST table goes from 7.8 at 200 epochs to 8.6 at 800 (`ansuini/luminance`,
  `ansuini/mnist`).
- **conv1 of the MNIST table.** It is the one layer outside the bars, of 2,000 images: 12.17 ± 0.11
  over five networks with a bar of 0.22, where 12.60 with 0.09 is published. All 10,000 test images
  give that bar (0.10) and, within the scatter over networks, that value (12.34 ± 0.17). Which
  images the authors took here, only they can tell. In MNIST\\* all images cannot be meant: there
  conv1 reads 11.0 of 10,000, and 3.7 of 2,000, where 2.96 is published (`ansuini/mnist`).
- **One image can make the published error bars.** Of 512 images of one class through
  EfficientNet-Lite0, one is the nearest neighbour of 84 % of the others at block 4. A draw of 450
  leaves it out with a probability of 12 % and then reads 121 in place of 48. TwoNN's own error does
  not see such hubs; the rows of `ansuini/hunchback` have the share of each layer's largest one.
- **Depth.** Relative depth counts convolutions and linear maps, not those on shortcuts, and one
  more for the passage from maps to vectors: once in all, not at each linear map. This rule gives
  the published depths of all 14 networks. The published d1 and d2 of AlexNet and VGG are after the
  ReLU.
- **The last hidden layer ranks networks of a kind, trained alike.** Within the families the rank
  correlation of its dimension with the test error is 0.70 (0.34 .. 0.95) over our 26 networks, and
  0.95 over the published ones. Across families it fails here: our ResNets lie above our VGGs at
  equal error. Through training it turns round: the longer one network is trained, the larger its
  dimension and the smaller its error (-0.80; `ansuini/last_hidden`).
- **Which dimension, and which generalisation.** Over 54 trainings of a dense network the gap
  between training and test accuracy grows with the participation ratio (r = 0.46), and not with
  TwoNN (-0.34); the test error grows with both (0.52 and 0.65). Among trainings of equal loss and
  norms the gap grows with TwoNN, too (0.40; `recanatesi/generalization`).
- **PC-ID sees training.** In EfficientNet-Lite0 training multiplies the PC-ID of the peak by 2.7
  and its dimension by 3.4. In the published VGG-16 PC-ID is alike in both (`ansuini/curvature`).
- **The participation ratio alone misleads** about the noise of SGD: with RMSprop and a frozen
  readout it falls because a few directions grow, while nothing is compressed
  (`recanatesi/sgd_noise`).
"""
