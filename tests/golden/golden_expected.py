"""What is meant to differ from version 0.1, and why; all else must be as it was."""

from __future__ import annotations

from collections.abc import Mapping

#: 0.1.0 gave errors of its own in `fit`, blocks for three methods in `estimate`, and other blocks
#: for all in profiles; now one policy serves everywhere.
_ONE_POLICY = "errors are the method's own where they hold, else from up to 16 blocks, everywhere"
_RENAMED = "what draws takes rng, which was seed"
_BY_BLOCKS = (
    "abid", "bid", "ca_pca", "danco", "effective_rank", "ess", "fisher_s", "geodesic", "hidalgo",
    "knn_graph_dimension", "local_pca", "mind_mli", "mst_dimension", "pca_dimension",
    "stable_rank",
)  # fmt: skip
_BOTH_WAYS = "the note on bias named edges only, and says what curvature and noise do, too"
_WITH_BIAS = (
    "abide", "binomial", "gride", "levina_bickel", "mada", "mind_mlk", "mom", "two_nn",
    "two_nn_mle",
)  # fmt: skip
_DRAWING = ("danco", "geodesic", "hidalgo", "knn_graph_dimension", "mst_dimension")
_FEW_ROWS = "the rows' mean product with the others is taken off, which counts where rows are few"
_RESOLVED = "response curves tell what N resolves, and a value above that says so"
_WITH_CEILING = (
    "gride", "levina_bickel", "mada", "mind_mlk", "mom", "two_nn", "two_nn_bayes", "two_nn_mle",
)  # fmt: skip
_OF_ERRORS = ("stderr", "interval*")
#: What is meant to differ, and why: patterns of file, subject (with the method) and field.
EXPECTED: Mapping[tuple[str, str, str], str] = {
    **{
        (way, f"* / {method}", field): _ONE_POLICY
        for way in ("fit", "joint")
        for method in _BY_BLOCKS
        for field in (*_OF_ERRORS, "notes")
    },
    **{
        (way, f"* / {method}", "parameters"): _RENAMED
        for way in ("fit", "joint")
        for method in _DRAWING
    },
    **{
        (way, "* / estimate / *", field): _ONE_POLICY
        for way in ("profile", "demo", "tracker")
        for field in _OF_ERRORS
    },
    **{
        (way, f"* / estimate / {method} / *", "notes"): _ONE_POLICY
        for way in ("profile", "demo", "tracker")
        for method in _BY_BLOCKS
    },
    **{
        (way, f"* / {method}", "notes"): _BOTH_WAYS
        for way in ("fit", "joint")
        for method in _WITH_BIAS
    },
    **{
        (way, f"* / estimate / {method} / *", "notes"): _BOTH_WAYS
        for way in ("profile", "demo", "tracker")
        for method in _WITH_BIAS
    },
    **{
        (way, f"* / {method}", field): _RESOLVED
        for way in ("fit", "joint")
        for method in _WITH_CEILING
        for field in ("ceiling", "notes")
    },
    **{
        (way, f"* / estimate / {method} / *", field): _RESOLVED
        for way in ("profile", "demo", "tracker")
        for method in _WITH_CEILING
        for field in ("ceiling", "notes")
    },
    **{
        (way, "* / participation_ratio", field): _FEW_ROWS
        for way in ("fit", "joint")
        for field in _OF_ERRORS
    },
    **{
        ("joint", "* / tle", field): "0.1.0 scaled the vectors by the neighbours of other methods"
        for field in ("value", *_OF_ERRORS)
    },
}
