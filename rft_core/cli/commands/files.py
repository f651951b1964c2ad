"""Commands that write stored runs to files, and read bundles back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rft_core.bundles.incoming import import_bundle, import_lines
from rft_core.bundles.outgoing import export_bundle, export_home
from rft_core.cli.options import AsJson
from rft_core.cli.printing.console import err, out, show_json
from rft_core.errors import UserError
from rft_core.store.run_store import RunStore, open_store

app = typer.Typer()


@app.command()
def export(
    run_ids: Annotated[list[str] | None, typer.Argument(help="Run ids; none with --home.")] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format", help="csv, parquet, json or html (a report that opens without a network)."
        ),
    ] = "html",
    to: Annotated[
        Path | None, typer.Option(help="File to write; for csv and parquet a folder or a .zip.")
    ] = None,
    group: Annotated[
        str, typer.Option(help="Group runs in the report by seeds, or by a setting that differs.")
    ] = "",
    bundle: Annotated[
        Path | None, typer.Option(help="Write the complete runs to this .zip, for `import`.")
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Write every run, the datasets and the weights to this .zip, for `import`."
        ),
    ] = None,
    without_datasets: Annotated[
        bool, typer.Option("--without-datasets", help="Leave the datasets out of --home.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write runs to files: tidy tables, one JSON document, a report with figures, or a bundle that
    `import` reads back.
    """
    store = open_store()
    if home is not None or bundle is not None:
        _print_bundle(_export_bundle(store, run_ids or [], bundle, home, without_datasets), as_json)
        return
    if not run_ids:
        raise UserError("no run is named; give run ids, or --home FILE.zip for all of them")
    from rft_core.report.files.export import export_runs

    done = export_runs(store, run_ids, form, to, group)
    (
        show_json(done)
        if as_json
        else out.print(*(file["path"] for file in done["files"]), sep="\n", soft_wrap=True)
    )


def _export_bundle(
    store: RunStore,
    run_ids: list[str],
    bundle: Path | None,
    home: Path | None,
    without_datasets: bool,
) -> dict[str, Any]:
    if home is not None and bundle is None and not run_ids:
        return export_home(store, home, with_datasets=not without_datasets)
    if bundle is not None and home is None and run_ids:
        return export_bundle(store, run_ids, bundle)
    raise UserError(
        "--bundle takes run ids and --home takes none; write `export ID... --bundle FILE.zip`"
        " or `export --home FILE.zip`"
    )


def _print_bundle(done: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(done)
        return
    out.print(f"{done['path']}: {len(done['runs'])} runs, {done['bytes']:,} bytes", soft_wrap=True)
    for line in done["left_out"]:
        err.print(f"left out: {line}", soft_wrap=True)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A bundle that `export` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Bring in the runs of a bundle, and of a home's bundle its datasets and weights. Everything is
    checked first; a mistake changes nothing.
    """
    done = import_bundle(open_store(), file)
    if as_json:
        show_json(done)
        return
    for line in import_lines(done):
        out.print(line, soft_wrap=True)
