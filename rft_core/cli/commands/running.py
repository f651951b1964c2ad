"""Commands that start runs: run, submit, worker."""

from pathlib import Path
from typing import Annotated

import typer

from rft_core.cli import engine
from rft_core.cli.options import AsJson, PresetName, Settings, SpecFile
from rft_core.cli.printing.console import err, out, show_json
from rft_core.cli.printing.one_run import print_run
from rft_core.files.home import find_home
from rft_core.resources.backbones import renaming
from rft_core.spec.arguments import build_spec
from rft_core.spec.run_spec import RunSpec
from rft_core.store.run_store import open_store
from rft_core.worker.devices import local_devices
from rft_core.worker.loop import run_worker
from rft_core.worker.submit import submit as submit_run

app = typer.Typer()


def _wanted(preset: str | None, spec_file: Path | None, settings: list[str] | None) -> RunSpec:
    """Return the spec of the options, and say so on stderr where timm has renamed its backbone."""
    spec = build_spec(preset, spec_file, settings)
    if renamed := renaming(spec.model.backbone):
        err.print(renamed, highlight=False, markup=False, soft_wrap=True)
    return spec


@app.command()
def run(
    preset: PresetName = None,
    spec: SpecFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Run in the foreground with a progress bar; the run is stored like any other. Ctrl-C keeps
    its last checkpoint.
    """
    from rft_core.worker.foreground import run_here

    store = open_store()
    record = run_here(store, _wanted(preset, spec, settings), engine.EXECUTE, local_devices(), err)
    if as_json:
        show_json(
            record.report
            or {"run_id": record.run_id, "status": record.status, "reason": record.reason}
        )
    else:
        print_run(record)
    if record.status != "finished":
        raise typer.Exit(1)


@app.command()
def submit(
    preset: PresetName = None,
    spec: SpecFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Queue a run and return at once; a worker is started when none is running."""
    run_id = submit_run(open_store(), _wanted(preset, spec, settings))
    show_json({"run_id": run_id}) if as_json else out.print(run_id)


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="Stop when the queue is empty.")] = False,
    home: Annotated[Path | None, typer.Option(help="Home to serve; RFT_HOME by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take runs from the queue, one a device, until stopped."""
    done = run_worker(find_home(home), engine.ENGINE, local_devices(), once=once)
    show_json({"runs": done}) if as_json else out.print(f"{done} runs done")
