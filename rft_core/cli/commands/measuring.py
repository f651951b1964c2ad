"""Commands that measure: evaluate, bench."""

from pathlib import Path
from typing import Annotated

import typer

from rft_core.cli.options import AsJson, RunId
from rft_core.cli.printing.bench import print_bench
from rft_core.cli.printing.console import err, show_json
from rft_core.cli.printing.measured import print_evaluation
from rft_core.spec import catalog
from rft_core.spec.arguments import split_epsilons
from rft_core.store.run_store import open_store
from rft_core.worker.devices import local_devices

app = typer.Typer()


@app.command()
def evaluate(
    run_id: RunId,
    attack: Annotated[
        str, typer.Option(help="Attack to measure with, see `list attacks`.")
    ] = "apgd_ce_t",
    steps: Annotated[
        int, typer.Option(help="Gradient steps of the attack; queries for square.", min=1)
    ] = 20,
    epsilons: Annotated[
        str | None, typer.Option(help="Grid, for example 0,4/255,8/255; the run's own by default.")
    ] = None,
    images: Annotated[
        int | None,
        typer.Option(help="Test images, drawn evenly over classes; all by default.", min=2),
    ] = None,
    honesty: Annotated[
        bool, typer.Option("--honesty", help="Check whether the robustness is real.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Attack this one picture instead of the test images.")
    ] = None,
    evaluation_id: Annotated[
        str | None,
        typer.Option(
            "--as",
            help=(
                "Id of an evaluation whose request is already written; the options above are then"
                " not used."
            ),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a run's model again: a stronger attack, another grid, honesty checks, single
    images. Kept with the run.
    """
    from rft_core.engine.evaluate_run import evaluate_picture, evaluate_run
    from rft_core.jobs.make_evaluation import make_evaluation, request_folder

    catalog.find("attacks", attack)
    wanted = {
        "attack": attack,
        "steps": steps,
        "epsilons": split_epsilons(epsilons) if epsilons else None,
        "images": images,
        "honesty": honesty,
    }
    store = open_store()
    folder = request_folder(store, run_id, wanted, picture, evaluation_id)
    document = make_evaluation(
        store,
        run_id,
        folder,
        evaluate_run,
        evaluate_picture,
        local_devices(),
        lambda line: err.print(line),
    )
    show_json(document) if as_json else print_evaluation(document)


@app.command()
def bench(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Backbones; all that fit this machine when none is named."),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Pairs of training steps of each model.", min=2)] = 12,
    curve_rounds: Annotated[int, typer.Option(help="Pairs of robustness curves.", min=1)] = 3,
    threads: Annotated[
        int | None, typer.Option(help="CPU threads; one a core when not given.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time training, curves and the start of a run, alternating with a loop around torchattacks.
    Nothing else should be running.
    """
    from rft_core.bench.latency import measure_latency
    from rft_core.bench.measure import measure

    def notify(line: str) -> None:
        err.print(f"measuring {line}")

    notify("the time from submit to the first step")
    latency = measure_latency()
    measured = measure(models or (), rounds, curve_rounds, threads, notify) | {"latency": latency}
    show_json(measured) if as_json else print_bench(measured)
