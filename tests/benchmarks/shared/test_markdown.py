"""Tables as text, and sections of a page."""

import pytest

from benchmarks.shared.markdown import marks, table, write_section


def test_a_table_has_a_line_for_the_head_a_rule_and_the_rows():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_section_is_replaced_and_the_rest_of_the_page_is_not(tmp_path):
    page = tmp_path / "page.md"
    begin, end = marks("one")
    page.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    write_section(page, "one", r"new \1")
    assert page.read_text("utf-8") == f"before\n{begin}\nnew \\1\n{end}\nafter\n"


def test_a_page_without_the_section_is_refused_and_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text", "utf-8")
    with pytest.raises(SystemExit, match="no lines <!-- one: begin -->"):
        write_section(page, "one", "new")
    assert page.read_text("utf-8") == "text"
