"""A directory without a manifest that can be read is refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stored_layers import written

from dimscope.errors import InputError
from dimscope.store import ActivationStore


class TestWhatIsNoStore:
    def test_another_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"is no store of activations: it has no store\.json"):
            ActivationStore.open(tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is no store of activations"):
            ActivationStore.open(tmp_path / "nowhere")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "x"}', '{"schema": 1, "a": 2}'])
    def test_a_document_of_another_kind(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "store.json").write_text(text)
        with pytest.raises(InputError, match=r"store\.json (cannot be read|is not as dimscope)"):
            ActivationStore.open(tmp_path)

    def test_one_of_a_later_version(self, tmp_path: Path) -> None:
        directory = written(tmp_path)
        document = json.loads((directory / "store.json").read_text())
        (directory / "store.json").write_text(json.dumps(document | {"schema": 3}))
        with pytest.raises(InputError, match="has schema 3, and this dimscope reads up to 2: upgr"):
            ActivationStore.open(tmp_path)
