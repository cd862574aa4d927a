from __future__ import annotations

import pytest

from dimscope.data import load_data
from dimscope.errors import InputError


def test_an_unknown_name_gives_near_names_and_the_grammar():
    with pytest.raises(InputError, match=r"did you mean cifar10.*imagefolder:DIR \| npz:FILE"):
        load_data("cifar")
    with pytest.raises(InputError, match="unknown data set 'imagefolder:'"):
        load_data("imagefolder:")


def test_a_split_that_does_not_exist_is_not_ignored():
    with pytest.raises(InputError, match="digits has no split 'train'"):
        load_data("digits", split="train")
