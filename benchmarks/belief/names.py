"""What samples and layers are called in tables and figures."""

from __future__ import annotations

TITLES = {
    "data": "natural images",
    "phases": "the images, random phases",
    "smooth_matched": "smooth maps, matched",
    "picture_matched": "one picture, nearest to the data",
}


def title(sample: str) -> str:
    """The name of a sample for people."""
    if sample in TITLES:
        return TITLES[sample]
    kind, dimension, *factor = sample.split("_")
    what = {"affine": "one photograph", "smooth": "smooth maps"}[kind]
    varied = {"affine": "range", "smooth": "length"}[kind]
    more = f", {varied} x {factor[0][1:]}" if factor else ""
    return f"{what}, d = {dimension[1:]}{more}"


def short(layer: str) -> str:
    """A layer of EfficientNet-Lite0 in few letters."""
    names = {"_swish": "stem", "_swish#2": "head", "_avg_pooling": "pooled", "_fc": "logits"}
    return names.get(layer, layer.replace("_blocks.", "b"))
