"""Files that a kill or a full disk leaves whole, at every step by which they change the disk."""

from __future__ import annotations

import binascii
import json
import os

import pytest
from hypothesis import given, strategies as st

from benchmarks.torture.steps import Killed, counted, full, killed, stepping
from dimscope._files import (
    append_line,
    beside,
    checksum,
    cut_half_line,
    digest,
    seal_holds,
    sealed,
    write_file,
)

OLD, NEW = b"old content\n", b"new content, which is longer\n"


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(OLD)
    return file


def n_steps(act) -> int:
    with stepping(counted()) as steps:
        act()
    return len(steps.taken)


def ended(act, steps) -> bool:
    """Whether ``act`` came to its end although a step of it failed."""
    with stepping(steps):
        try:
            act()
        except (OSError, Killed):
            return False
    return True


class TestReplacing:
    def test_a_kill_at_any_step_leaves_the_old_or_the_new_file(self, path):
        seen = set()
        for at in range(n_steps(lambda: write_file(path, NEW)) + 1):
            path.write_bytes(OLD)
            done = ended(lambda: write_file(path, NEW), killed(at))
            seen.add(path.read_bytes())
            assert path.read_bytes() in ((NEW,) if done else (OLD, NEW))
        assert seen == {OLD, NEW}

    @pytest.mark.parametrize("lasting", [False, True])
    def test_a_full_disk_leaves_the_old_file_and_nothing_else(self, path, lasting):
        for at in range(n_steps(lambda: write_file(path, NEW))):
            path.write_bytes(OLD)
            done = ended(lambda: write_file(path, NEW), full(at, lasting=lasting))
            assert path.read_bytes() == (NEW if done else OLD)
            assert not beside(path).exists()

    def test_it_is_on_disk_before_it_takes_the_place_of_the_old_one(self, path):
        with stepping(counted()) as steps:
            write_file(path, NEW)
        assert steps.taken == ["open", "write", "fsync", "replace", "open", "fsync"]


class TestAppending:
    def test_a_line_is_added_whole_or_not_at_all(self, path):
        for at in range(n_steps(lambda: append_line(path, NEW)) + 1):
            path.write_bytes(OLD)
            done = ended(lambda: append_line(path, NEW), killed(at))
            whole = b"".join(line for line in path.read_bytes().splitlines(True) if b"\n" in line)
            assert whole in ((OLD + NEW,) if done else (OLD, OLD + NEW))

    def test_a_full_disk_leaves_no_half_line_and_the_line_can_be_added_again(self, path):
        for at in range(n_steps(lambda: append_line(path, NEW))):
            path.write_bytes(OLD)
            if not ended(lambda: append_line(path, NEW), full(at, lasting=False)):
                assert path.read_bytes() == OLD
                append_line(path, NEW)
            assert path.read_bytes() == OLD + NEW

    @pytest.mark.parametrize("half", [b"", b"{", b"x" * 200_000])
    @pytest.mark.parametrize("before", [b"", OLD, OLD * 20_000])
    def test_what_follows_the_last_newline_is_cut_off(self, path, before, half):
        path.write_bytes(before + half)
        append_line(path, NEW)
        assert path.read_bytes() == before + NEW
        path.write_bytes(before + half)
        cut_half_line(path)
        assert path.read_bytes() == before

    def test_a_line_of_more_bytes_than_one_write_takes(self, path, monkeypatch):
        usual = os.write
        monkeypatch.setattr(os, "write", lambda file, content: usual(file, content[:7]))
        append_line(path, NEW)
        assert path.read_bytes() == OLD + NEW

    def test_a_file_that_is_gone_is_not_begun_anew(self, path):
        path.unlink()
        with pytest.raises(FileNotFoundError):
            append_line(path, NEW)


documents = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)


class TestChecksums:
    @given(documents)
    def test_what_was_sealed_holds_however_it_is_laid_out(self, document):
        assert seal_holds(sealed(document))
        assert seal_holds(json.loads(json.dumps(sealed(document), indent=3)))

    @given(documents, documents)
    def test_another_content_does_not_hold(self, one, other):
        if json.dumps(one) != json.dumps(other):
            assert not seal_holds({**other, "crc32": checksum(one)})

    def test_what_was_never_sealed_does_not_hold(self):
        assert not seal_holds({"a": 1})

    def test_they_are_those_of_other_tools(self):
        assert digest(b"abc").startswith("ba7816bf8f01cfea")  # FIPS 180-2, B.1
        assert int(checksum({"a": 1}), 16) == binascii.crc32(b'{"a": 1}')
