"""Commands on stored runs: runs, show, stop, pause, resume, delete, compare."""

from typing import Annotated

import typer

from rft_core.cli.options import AsJson, RunId
from rft_core.cli.printing.comparison import print_comparison
from rft_core.cli.printing.console import out, show_json
from rft_core.cli.printing.one_run import print_answer, print_missing, print_run
from rft_core.cli.printing.run_table import print_runs
from rft_core.report.comparison.compare import compare as compare_runs
from rft_core.spec.run_paths import gone_paths
from rft_core.store.run_store import open_store

app = typer.Typer()


@app.command()
def runs(
    limit: Annotated[int, typer.Option(help="Newest runs to print.")] = 30, as_json: AsJson = False
) -> None:
    """Print the stored runs, newest first."""
    store = open_store()
    store.reconcile()
    records = store.records(limit=limit)
    if as_json:
        show_json([record.summary() for record in records])
        return
    print_runs(records)


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Print one run: its status with the reason, its settings, its report."""
    store = open_store()
    store.reconcile()
    record = store.get(run_id)
    missing = gone_paths(record.spec, record.run_id) if store.is_local else []
    if as_json:
        show_json(record.summary() | {"missing_paths": missing})
        return
    print_run(record)
    print_missing(missing)


@app.command()
def stop(run_id: RunId, as_json: AsJson = False) -> None:
    """Ask a run to finish its step, measure, keep what it has and stop."""
    print_answer(open_store().request(run_id, "stop"), as_json)


@app.command()
def pause(run_id: RunId, as_json: AsJson = False) -> None:
    """Ask a run to keep a checkpoint and free its device."""
    print_answer(open_store().request(run_id, "pause"), as_json)


@app.command()
def resume(run_id: RunId, as_json: AsJson = False) -> None:
    """Queue a paused, stopped, lost or failed run again; it goes on from its last checkpoint."""
    from rft_core.worker.submit import ensure_worker

    store = open_store()
    store.reconcile()
    record = store.resume(run_id)
    ensure_worker(store.home)
    print_answer(record, as_json)


@app.command()
def delete(run_id: RunId, as_json: AsJson = False) -> None:
    """Delete a run with its events and files."""
    store = open_store()
    store.reconcile()
    record = store.get(run_id)
    store.delete(record.run_id)
    show_json({"run_id": record.run_id, "deleted": True}) if as_json else out.print(
        f"{record.run_id} deleted"
    )


@app.command()
def compare(
    run_ids: Annotated[list[str], typer.Argument(help="Two or more run ids.")],
    as_json: AsJson = False,
) -> None:
    """Print runs side by side: numbers, and only the settings that differ."""
    store = open_store()
    result = compare_runs([store.get(run_id) for run_id in run_ids], store.home.runs)
    if as_json:
        show_json(result.as_dict())
        return
    print_comparison(result)
