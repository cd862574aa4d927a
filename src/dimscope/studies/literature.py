"""The claims of the papers, numbered as in ``docs/reproduction.md``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ANSUINI = "Ansuini et al. 2019"
_RECANATESI = "Recanatesi et al. 2019"
_IN_ABSTRACT = "said in the abstract, without a value"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A claim and who made it.

    Attributes
    ----------
    paper
        Authors and year.
    statement
        The claim, in our words.
    reported
        What the paper says beside it, where it gives no values to compare with.
    needs
        What its recipe waits for; empty where there is one.
    """

    paper: str
    statement: str
    reported: str = ""
    needs: str = ""


#: By number. Of Recanatesi et al. only the abstract could be recovered: no table, no setting.
LITERATURE: Mapping[int, Source] = {
    1: Source(
        paper=_ANSUINI,
        statement="In a trained network the intrinsic dimension (ID) of a layer is orders of "
        "magnitude below its number of units.",
    ),
    2: Source(
        paper=_ANSUINI,
        statement="Across layers the ID rises, then falls; in an untrained network it is nearly "
        "flat.",
    ),
    3: Source(
        paper=_ANSUINI,
        statement="The ID of the last hidden layer predicts test accuracy across architectures.",
    ),
    4: Source(
        paper=_ANSUINI,
        statement="Linear estimates miss it: PC-ID is far larger, and alike in trained and "
        "untrained networks.",
    ),
    5: Source(
        paper=_ANSUINI,
        statement="A Gaussian with a layer's own covariance has a far higher ID: the manifolds "
        "are curved.",
    ),
    6: Source(
        paper=_ANSUINI,
        statement="Networks trained on shuffled labels do not show the final compression.",
    ),
    7: Source(
        paper=_ANSUINI,
        statement="A nuisance direction of large variance (random luminance, MNIST*) collapses "
        "the ID of the input; the network undoes it in the middle layers.",
    ),
    8: Source(
        paper=_ANSUINI,
        statement="Through training, final layers compress while early ones expand; the last "
        "hidden layer compresses within half an epoch, then slowly expands.",
    ),
    9: Source(
        paper=_RECANATESI,
        statement="Two phases: expansion in early layers, compression in late ones, by local and "
        "global nonlinear estimates.",
        reported=_IN_ABSTRACT,
    ),
    10: Source(
        paper=_RECANATESI,
        statement="The noise of SGD acts as a regulariser that balances the dimension of the "
        "representation.",
    ),
    11: Source(
        paper=_RECANATESI,
        statement="Low-dimensional representations go with generalisation.",
        reported=_IN_ABSTRACT,
    ),
    12: Source(
        paper=_RECANATESI,
        statement="Objectives can be built on measurable geometry, ID first of all.",
    ),
    13: Source(
        paper="Doimo et al. 2020",
        statement="Hierarchical nucleation: neighbourhood overlap between layers, and with labels.",
        needs="the comparison of representations",
    ),
    14: Source(
        paper="Valeriani et al. 2023; Cheng et al. 2025",
        statement="In transformers an ID peak in the early-middle layers marks an abstraction "
        "phase.",
        needs="networks whose batches have masks and tokens",
    ),
    15: Source(
        paper="Chun et al. 2026",
        statement="The participation ratio is biased at few samples, and can be corrected.",
    ),
    16: Source(
        paper="Schulte and Ruegamer 2026",
        statement="A Lipschitz map cannot raise the true ID: an estimate that rises with depth is "
        "an effect of estimator, scale and sample.",
        reported="argued, not measured",
    ),
    17: Source(
        paper="IdEst 2026",
        statement="The MST dimension scores self-supervised representations without labels.",
        needs="the comparison of representations, and self-supervised networks",
    ),
}
