"""Commands that make files which come with the program: record, pretrain."""

from pathlib import Path
from typing import Annotated

import typer

from rft_core.cli.options import AsJson
from rft_core.cli.printing.console import err, out, show_json
from rft_core.files.home import WEIGHTS
from rft_core.recordings.reading import RECORDED
from rft_core.store.run_store import open_store
from rft_core.units import format_duration, format_percent

app = typer.Typer()


@app.command()
def record(
    run_ids: Annotated[
        list[str], typer.Argument(help="Finished runs; a recording has its run's name.")
    ],
    to: Annotated[Path, typer.Option(help="Folder of the recordings.")] = RECORDED,
    pictures: Annotated[
        int,
        typer.Option(
            help="Test images to attack with the first run's model and keep beside it.", min=0
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Keep finished runs as recordings that replay with no training and no network."""
    from rft_core.engine.assets.recorded_images import save_gallery
    from rft_core.recordings.making import record_runs

    card = record_runs(open_store(), run_ids, to, pictures, save_gallery)
    show_json(card) if as_json else out.print(f"{to}: {', '.join(card['files'])}", soft_wrap=True)


@app.command()
def pretrain(
    names: Annotated[
        list[str] | None, typer.Argument(help="Embedded backbones; all when none is named.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where the weights go; assets/weights by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the embedded backbones again, from their seed."""
    import tempfile

    from rft_core.engine.assets.pretrain import RECIPES, pretrain, recipe
    from rft_core.engine.reporter import FolderReporter

    cards = []
    for name in names or RECIPES:
        recipe(name)
        with tempfile.TemporaryDirectory() as scratch:
            cards.append(pretrain(name, FolderReporter(Path(scratch)), folder or WEIGHTS))
        measured = cards[-1]["measured"]
        err.print(
            f"{name}: clean {format_percent(measured['clean_accuracy'])} in"
            f" {format_duration(measured['seconds'])}"
        )
    if as_json:
        show_json(cards)
