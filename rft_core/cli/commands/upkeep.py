"""Commands that check and repair: doctor, relocate."""

from pathlib import Path
from typing import Annotated

import typer

from rft_core.cli.options import AsJson, RunId
from rft_core.cli.printing.console import err, show_json
from rft_core.cli.printing.menus import print_checks
from rft_core.cli.printing.one_run import print_relocated
from rft_core.spec.arguments import split_settings
from rft_core.spec.run_spec import RunSpec
from rft_core.store.run_store import open_store

app = typer.Typer()


@app.command()
def doctor(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help=(
                "Repair what differs between the store and the files; without it, only say what"
                " would be done."
            ),
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check versions, devices, the store, the files of all runs and the embedded files, and say how
    to repair what is wrong.
    """
    from rft_core.engine.models.embedded_weights import weights_file
    from rft_core.health.doctor import examine

    checks = list(examine(weights_file, repair=repair))
    if as_json:
        show_json([check.as_dict() for check in checks])
    else:
        print_checks(checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@app.command()
def relocate(
    run_id: RunId,
    settings: Annotated[
        list[str],
        typer.Argument(help="data.dataset=folder:PATH (or csv:PATH), model.checkpoint=PATH."),
    ],
    as_json: AsJson = False,
) -> None:
    """Say where the data or the weights of a stored run lie now. Other images than the run's own
    are refused.
    """
    from rft_core.jobs.relocating import relocate as relocate_run

    def compare(spec: RunSpec, folder: Path, digest: str | None) -> str:
        # loaded once the paths lead somewhere
        from rft_core.engine.data.inspect.same_data import compare_data

        return compare_data(spec, folder, digest, notify=err.print)

    done = relocate_run(open_store(), run_id, split_settings(settings), compare)
    show_json(done) if as_json else print_relocated(done)
