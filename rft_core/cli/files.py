"""Commands that write stored runs to files, and read them back."""

from pathlib import Path
from typing import Annotated

import typer

from rft_core.cli.options import AsJson
from rft_core.store.run_store import open_store
from rft_core.terminal import out, show_json

app = typer.Typer()


@app.command()
def export(
    run_ids: Annotated[list[str], typer.Argument(help="Run ids.")],
    form: Annotated[str, typer.Option("--format", help="csv, parquet, json or html (a report that opens without a network).")] = "html",
    to: Annotated[Path | None, typer.Option(help="File to write; for csv and parquet a folder or a .zip.")] = None,
    group: Annotated[str, typer.Option(help="Group runs in the report by seeds, or by a setting that differs.")] = "",
    as_json: AsJson = False,
) -> None:
    """Write runs to files: tidy tables, one JSON document, or a report with figures and the commands to run each again."""
    from rft_core.exporting import export_runs

    done = export_runs(open_store(), run_ids, form, to, group)
    show_json(done) if as_json else out.print(*(file["path"] for file in done["files"]), sep="\n", highlight=False, soft_wrap=True)
