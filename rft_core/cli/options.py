"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RunId = Annotated[str, typer.Argument(help="Run id, or the beginning of one.")]
PresetName = Annotated[
    str | None, typer.Option("--preset", help="Start from a named spec; see `list presets`.")
]
SpecFile = Annotated[
    Path | None,
    typer.Option(
        "--spec",
        help=(
            "Start from a JSON file; paths in it are seen from the folder you are in, not from the"
            " file's."
        ),
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help=(
            "Change a setting, for example optim.epochs=3. May be repeated. Relative paths are seen"
            " from the folder you are in."
        ),
    ),
]
