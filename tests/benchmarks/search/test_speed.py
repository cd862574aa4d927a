"""A small run of the search's benchmark ends in its tables, and is not run again."""

import json

import pytest

from benchmarks.search.peers import PEERS, Peer
from benchmarks.search.speed import main
from benchmarks.search.tables import FIGURE, SECTION, write
from benchmarks.shared.markdown import marks


def test_a_small_run_is_kept_published_and_not_repeated(tmp_path, capsys):
    chosen = ["--cases", "gaussian-100", "benign", "offset", "--peers", "scikit-learn"]
    arguments = ["--quick", "--rounds", "1", "--out", str(tmp_path), *chosen]
    main(arguments)
    output = capsys.readouterr().out
    assert "| offset 1e4 | 1,600, 64, 10 |" in output
    results = json.loads((tmp_path / "neighbors-quick.json").read_text("utf-8"))
    offset = results["cases"]["offset"]
    assert offset["found_by"] == "tiles"
    assert offset["methods"]["dimscope"]["wrong"] == 0
    assert offset["methods"]["dimscope"]["error"] < 1e-12
    seconds, ratio = (offset["methods"]["scikit-learn"][key]["cpu"] for key in ("seconds", "ratio"))
    assert ratio == pytest.approx(seconds / offset["unit"]["cpu"])

    main(arguments)
    again = capsys.readouterr()
    assert again.out == output
    assert "offset: kept" in again.err

    docs = tmp_path / "docs"
    docs.mkdir()
    page = docs / "benchmarks.md"
    begin, end = marks(SECTION)
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    write(results, docs)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{begin}\n")
    assert text.endswith(f"{end}\nafter\n")
    assert "| offset 1e4 |" in text
    assert "old" not in text
    assert (docs / FIGURE).read_bytes().startswith(b"\x89PNG")


def test_results_of_another_version_are_not_mixed_with_these(tmp_path, capsys):
    file = tmp_path / "neighbors-quick.json"
    file.write_text(json.dumps({"machine": {}, "cases": {"offset": {}}}), "utf-8")
    main(["--quick", "--rounds", "1", "--out", str(tmp_path), "--cases", "benign", "--peers"])
    assert "started anew" in capsys.readouterr().err
    assert list(json.loads(file.read_text("utf-8"))["cases"]) == ["benign"]


def test_a_library_that_is_not_installed_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Peer, "version", property(lambda peer: None))
    arguments = ["--quick", "--rounds", "1", "--out", str(tmp_path), "--cases", "benign"]
    main([*arguments, "--peers", PEERS[1].name])
    captured = capsys.readouterr()
    assert f"{PEERS[1].name} is not installed: left out" in captured.err
    assert PEERS[1].title not in captured.out
