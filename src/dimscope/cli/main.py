"""The command line: its commands; every error becomes one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from dimscope import __version__
from dimscope._processes import Stopped, orderly_exit
from dimscope.cli.doctor import doctor
from dimscope.cli.estimate import estimate
from dimscope.cli.layers import layers
from dimscope.cli.output import note
from dimscope.cli.profile import profile
from dimscope.cli.report import report
from dimscope.cli.reproduce import reproduce
from dimscope.cli.scale import scale
from dimscope.cli.track import track
from dimscope.errors import DimscopeError, InputError

_FAILED, _BAD_INPUT, _INTERRUPTED = 1, 2, 130
_GOES_ON = "a run with --out goes on from here when it is started again"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dimscope")
def cli() -> None:
    """The intrinsic dimension of every layer of a neural network.

    Results go to stdout, everything else to stderr. Exit code 0: done; 1: the work failed;
    2: bad input or usage; 130: interrupted; 143 and 129: stopped by SIGTERM and SIGHUP.
    """


for command in (estimate, scale, layers, profile, track, reproduce, report, doctor):
    cli.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        with orderly_exit():
            result = cli.main(
                args=None if arguments is None else list(arguments),
                prog_name="dimscope",
                standalone_mode=False,
            )
    except click.ClickException as error:
        error.show()
        return _BAD_INPUT
    except InputError as error:
        note(f"error: {error}")
        return _BAD_INPUT
    except DimscopeError as error:
        note(f"error: {error}")
        return _FAILED
    except (KeyboardInterrupt, click.Abort):
        note(f"interrupted; {_GOES_ON}")
        return _INTERRUPTED
    except Stopped as stop:
        note(f"stopped by {stop.signal}; {_GOES_ON}")
        return stop.exit_code
    return result if isinstance(result, int) else 0


def main() -> None:
    """Run the command line, as the ``dimscope`` program does."""
    sys.exit(run())


if __name__ == "__main__":
    main()
