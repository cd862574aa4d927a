"""Published dimensions of MNIST and CIFAR-10, to the digit, and why they rise with k.

Pope, Zhu, Abdelkader, Goldblum and Goldstein, "The intrinsic dimension of images and its impact on
learning", ICLR 2021 (arXiv 2104.08894), average the inverses of Levina and Bickel's estimates with
the divisor k - 2 of a single point, where the average needs k - 1 (MacKay and Ghahramani 2005).
A minute of one core.
"""

from __future__ import annotations

import numpy as np

import dimscope as ds

#: Their values for these k, of all training images, pixel by pixel.
NEIGHBORS = (3, 5, 10, 20)
PUBLISHED = {"mnist": (7, 11, 12, 13), "cifar10": (13, 21, 25, 26)}


def main() -> None:
    agree = True
    for name, published in PUBLISHED.items():
        data = ds.load_data(name, split="train")
        images = np.stack([np.asarray(data[i][0]).ravel() for i in range(len(data))])
        graph = ds.NeighborGraph.from_points(images, max(NEIGHBORS))
        print(f"{name}, {len(images):,} images of {images.shape[1]:,} pixel values")
        for k, theirs in zip(NEIGHBORS, published, strict=True):
            ours = ds.LevinaBickel(n_neighbors=k).estimate(graph).value
            assert ours is not None
            as_theirs = ours * (k - 2) / (k - 1)
            agree &= round(as_theirs) == theirs
            print(f"  k = {k:2d}: {ours:.2f}, by k - 2 {as_theirs:.2f}, published {theirs}")
    print(f"all as published: {agree}")
    raise SystemExit(0 if agree else 1)


if __name__ == "__main__":
    main()
