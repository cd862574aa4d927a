"""A small run of the accuracy study ends in its tables, and is not run again."""

import dimscope
from benchmarks.accuracy.rows import TOO_SLOW, Method, read
from benchmarks.accuracy.samples import Sample
from benchmarks.accuracy.study import Progress, main
from benchmarks.accuracy.tables import RANKED, SECTION
from benchmarks.shared.markdown import marks
from dimscope.manifolds import make_manifold


def test_a_slow_method_is_not_tried_again_and_a_dear_one_not_repeated(tmp_path, row):
    kept = [row(set=name, note=TOO_SLOW, method="slow") for name in "abc"]
    kept += [row(1.0, set="a", seconds=9.0, method="dear")]
    progress = Progress(kept, tmp_path / "f.csv", repeat_below=5.0)
    slow, dear, new = (Method("dimscope", name) for name in ("slow", "dear", "new"))
    assert not progress.lacks(slow, Sample("d", 100, 0))
    assert not progress.lacks(slow, Sample("d", 200, 0))
    assert progress.lacks(slow, Sample("d", 50, 0))
    assert not progress.lacks(dear, Sample("a", 100, 0))
    assert progress.lacks(dear, Sample("d", 100, 0))
    assert not progress.lacks(dear, Sample("d", 100, 1))
    assert progress.lacks(new, Sample("a", 100, 1))


def test_a_small_accuracy_run_is_kept_published_and_not_repeated(tmp_path, capsys):
    docs = tmp_path / "docs"
    docs.mkdir()
    begin, end = marks(SECTION)
    (docs / "accuracy.md").write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    arguments = ["--n-samples", "300", "--seeds", "1", "--sets", *RANKED[:2], "--out"]
    arguments += [str(tmp_path), "--docs", str(docs), "--only", "dimscope/two_nn", "dimscope/abid"]
    main([*arguments, "--write"])
    rows = read(tmp_path / "accuracy.csv")
    assert len(rows) == 4
    x = make_manifold(RANKED[0]).sample(300, 0)
    assert rows[0].value == dimscope.TwoNN().fit(x).dimension_
    text = (docs / "accuracy.md").read_text("utf-8")
    assert "| **`two_nn`** | dimscope |" in text
    assert "old" not in text
    assert text.endswith("after\n")
    before = (tmp_path / "accuracy.csv").read_text("utf-8")
    main(arguments)
    assert (tmp_path / "accuracy.csv").read_text("utf-8") == before
    capsys.readouterr()
