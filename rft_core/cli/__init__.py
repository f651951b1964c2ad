"""python -m rft_core ...: the one file that joins worker and engine; commands that need neither are
registered from beside it.

Every command takes --json: one JSON document on stdout, logs on stderr. Exit 0 only on success, 2
on a user's mistake.
"""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from rft_core.cli import files, stored
from rft_core.cli.options import AsJson, PresetName, RunId, Settings, SpecFile
from rft_core.cli.plain_text import write_any_text
from rft_core.cli.printing import (
    err,
    out,
    print_bench,
    print_checks,
    print_dataset,
    print_evaluation,
    print_menu,
    print_relocated,
    print_run,
    print_schedule,
    show_json,
)
from rft_core.cost.schedule_demand import epoch_factors
from rft_core.errors import UnknownNameError, UserError
from rft_core.files.home import WEIGHTS, find_home
from rft_core.recordings.reading import RECORDED
from rft_core.resources.backbones import renaming
from rft_core.serving.launch_limits import LaunchLimits
from rft_core.spec import catalog, presets
from rft_core.spec.arguments import build_spec, split_epsilons, split_settings
from rft_core.spec.run_spec import RunSpec, with_settings
from rft_core.store.run_store import open_store
from rft_core.units import format_duration, format_percent
from rft_core.worker.devices import local_devices
from rft_core.worker.loop import Engine, run_worker
from rft_core.worker.submit import submit as submit_run

EXECUTE = "rft_core.engine.execute:execute"
ENGINE = Engine(
    EXECUTE,
    preload=(
        "torch",
        "timm",
        "rft_core.engine.execute",
        "rft_core.engine.data.sources.blooms",
        "rft_core.engine.models.embedded",
    ),
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="RFT Lab: robust fine-tuning of pretrained image models.",
    pretty_exceptions_enable=False,
)
# without names, their commands stand beside the others
app.add_typer(stored.app)
app.add_typer(files.app)


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


@app.command("app")
def serve(
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = 8501,
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help=(
                "Let other machines reach it; visitors only look until they give the PIN. See"
                " SECURITY.md."
            ),
        ),
    ] = False,
    pin: Annotated[
        str | None, typer.Option(help="PIN of the instructor, 6 characters or more; or in RFT_PIN.")
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name that visitors type, besides this machine's own. May be repeated."
        ),
    ] = None,
    viewers_launch: Annotated[
        bool,
        typer.Option(
            "--viewers-launch",
            help="With --share: viewers may launch runs, and nothing else, within the limits.",
        ),
    ] = False,
    limit_queued: Annotated[
        int | None, typer.Option(help="Runs of one viewer that may wait or be at work.")
    ] = None,
    limit_minutes: Annotated[
        float | None,
        typer.Option(help="Minutes that a viewer's run may take before it is asked to stop."),
    ] = None,
    limit_images: Annotated[
        int | None, typer.Option(help="Training and test images that a viewer's run may use.")
    ] = None,
    limit_disk: Annotated[
        float | None,
        typer.Option(
            help=(
                "Gigabytes in the home from which on no viewer launches; runs already launched"
                " go on."
            )
        ),
    ] = None,
) -> None:
    """Serve the dashboard on 127.0.0.1, or with --share to a class."""
    from rft_core.serving.server import serve_app

    given = {
        "queued": limit_queued,
        "minutes": limit_minutes,
        "images": limit_images,
        "disk": limit_disk,
    }
    if not viewers_launch and any(value is not None for value in given.values()):
        raise UserError(
            "limits are for viewers who may launch runs; add --viewers-launch, or leave them out"
        )
    serve_app(
        port,
        share=share,
        pin=pin,
        names=tuple(host or ()),
        launching=LaunchLimits(**given) if viewers_launch else None,
    )


@app.command()
def doctor(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help=(
                "Mend what differs between the store and the files; without it, only say what would"
                " be done."
            ),
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check versions, devices, the store, the files of all runs and the embedded files, and say how
    to mend what is wrong.
    """
    from rft_core.engine.models.embedded_weights import weights_file
    from rft_core.health.doctor import examine

    checks = list(examine(weights_file, mend=repair))
    if as_json:
        show_json([check.as_dict() for check in checks])
    else:
        print_checks(checks)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _rows(kind: str) -> tuple:
    if kind == "presets":
        return presets.PRESETS
    if kind not in catalog.MENUS:
        raise UnknownNameError("menu", kind, [*catalog.MENUS, "presets"])
    return catalog.choices(kind)


@app.command("list")
def list_menu(
    kind: Annotated[
        str,
        typer.Argument(
            help="schedules, strategies, objectives, attacks, datasets, backbones or presets."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Print a menu: what can be chosen, with one line of help and its source."""
    rows = _rows(kind)
    if as_json:
        show_json(
            [
                {"name": row.name, "label": row.label, "help": row.help, "source": row.source}
                for row in rows
            ]
        )
        return
    print_menu(rows)


@app.command()
def dataset(
    name: Annotated[
        str,
        typer.Argument(help="A name of `list datasets`, folder:PATH, csv:PATH or hf:OWNER/NAME."),
    ],
    image_size: Annotated[
        int | None, typer.Option(help="Pixels on a side; the default backbone's when not given.")
    ] = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Look a dataset over: images a class, broken files, pictures that occur twice. The card is
    kept for the dashboard.
    """
    from rft_core.engine.data.inspect.card import make_card
    from rft_core.jobs.dataset_cards import keep_card

    spec = with_settings(
        RunSpec(),
        {"data.dataset": name}
        | split_settings(settings)
        | ({"data.image_size": image_size} if image_size else {}),
    )
    card = keep_card(find_home(), spec, partial(make_card, notify=lambda text: err.print(text)))
    show_json(card) if as_json else print_dataset(card)


@app.command()
def schedule(
    kind: Annotated[str, typer.Option(help="Schedule, see `list schedules`.")] = "two_hinge",
    epsilon: Annotated[str, typer.Option(help="Target, for example 8/255.")] = "8/255",
    epochs: Annotated[int, typer.Option(help="Epochs of training.")] = 50,
    ramp_start: Annotated[
        float | None, typer.Option(help="Share of training where the ramp starts.")
    ] = None,
    ramp_end: Annotated[
        float | None, typer.Option(help="Share of training where the ramp ends.")
    ] = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Print epsilon at the start of every epoch."""
    ramp = {"schedule.ramp_start": ramp_start, "schedule.ramp_end": ramp_end}
    changes = {"schedule.kind": kind, "threat.epsilon": epsilon, "optim.epochs": epochs} | {
        name: value for name, value in ramp.items() if value is not None
    }
    spec = with_settings(RunSpec(), changes | split_settings(settings))
    values = epoch_factors(spec)
    if as_json:
        show_json({"epsilon": [value * spec.threat.epsilon for value in values], "factor": values})
        return
    print_schedule(values, spec.threat)


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
    record = run_here(store, _wanted(preset, spec, settings), EXECUTE, local_devices(), err)
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
    done = run_worker(find_home(home), ENGINE, local_devices(), once=once)
    show_json({"runs": done}) if as_json else out.print(f"{done} runs done")


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
    asked: Annotated[
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
    folder = request_folder(store, run_id, wanted, picture, asked)
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

    def compare(*about: Any) -> str:
        # loaded once the paths lead somewhere
        from rft_core.engine.data.inspect.same_data import compare_data

        return compare_data(*about, notify=err.print)

    done = relocate_run(open_store(), run_id, split_settings(settings), compare)
    show_json(done) if as_json else print_relocated(done)


@app.command()
def record(
    run_ids: Annotated[
        list[str], typer.Argument(help="Finished runs; a recording bears its run's name.")
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
        with tempfile.TemporaryDirectory() as place:
            cards.append(pretrain(name, FolderReporter(Path(place)), folder or WEIGHTS))
        measured = cards[-1]["measured"]
        err.print(
            f"{name}: clean {format_percent(measured['clean_accuracy'])} in"
            f" {format_duration(measured['seconds'])}"
        )
    if as_json:
        show_json(cards)


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
    """Time training, curves and the way to the first step, in turns with a loop around
    torchattacks. Nothing else should be running.
    """
    from rft_core.bench.latency import measure_latency
    from rft_core.bench.measure import measure

    def tell(line: str) -> None:
        err.print(f"measuring {line}")

    tell("the way from submit to the first step")
    latency = measure_latency()
    measured = measure(models or (), rounds, curve_rounds, threads, tell) | {"latency": latency}
    show_json(measured) if as_json else print_bench(measured)
