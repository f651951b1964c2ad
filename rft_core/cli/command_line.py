"""python -m rft_core ...: all commands as one program.

Every command takes --json: one JSON document on stdout, logs on stderr. Exit 0 only on success, 2
on a user's mistake.
"""

import logging
import sys
from typing import Annotated

import typer

from rft_core.cli.commands import (
    embedded,
    files,
    measuring,
    menus,
    running,
    serving,
    stored,
    upkeep,
)
from rft_core.cli.plain_text import write_any_text
from rft_core.cli.printing.console import err, out
from rft_core.errors import UserError
from rft_core.files.version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="RFT Lab: robust fine-tuning of pretrained image models.",
    pretty_exceptions_enable=False,
)
# without names, their commands stand side by side
for theme in (serving, upkeep, menus, running, measuring, embedded, stored, files):
    app.add_typer(theme.app)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        out.print(f"rft-lab {VERSION}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version of this program.",
        ),
    ] = False,
) -> None:
    """RFT Lab: robust fine-tuning of pretrained image models."""


def main() -> None:
    """Run the command line; a user's mistake is one clear line and exit code 2."""
    write_any_text()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s"
    )
    try:
        app()
    except UserError as error:
        err.print(f"error: {error}", style="red", soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
