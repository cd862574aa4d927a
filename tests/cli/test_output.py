"""Results go to stdout in one of two forms; everything else goes to stderr."""

import json

import click
import pytest
from click.testing import CliRunner

from dimscope.cli.output import Output, json_option, note, print_table
from dimscope.results import SCHEMA_VERSION


@click.command()
@json_option("As JSON.")
def command(output):
    note("a remark")
    output.write(text=lambda: click.echo("for people"), document=lambda: {"value": float("nan")})


def test_one_option_chooses_the_form():
    plain, asked = (CliRunner().invoke(command, options) for options in ([], ["--json"]))
    assert plain.stdout == "for people\n"
    assert json.loads(asked.stdout) == {"schema": SCHEMA_VERSION, "value": None}
    assert plain.stderr == asked.stderr == "dimscope: a remark\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_the_form_that_nobody_asked_for_is_not_made(as_json):
    made = []
    Output(as_json).write(
        text=lambda: made.append("text"), document=lambda: {1: made.append("json")}
    )
    assert made == ["json" if as_json else "text"]


def test_columns_are_aligned(capsys):
    print_table(["layer", "value"], [["a", "10.5"], ["conv12", "3"]])
    assert capsys.readouterr().out == "layer   value\na        10.5\nconv12      3\n"
