"""Commands that show what can be chosen: list, dataset, schedule."""

from functools import partial
from typing import Annotated

import typer

from rft_core.cli.options import AsJson, Settings
from rft_core.cli.printing.console import err, show_json
from rft_core.cli.printing.menus import print_dataset, print_menu, print_schedule
from rft_core.cost.schedule_demand import epoch_factors
from rft_core.errors import UnknownNameError
from rft_core.files.home import find_home
from rft_core.spec import catalog, presets
from rft_core.spec.arguments import split_settings
from rft_core.spec.run_spec import RunSpec, with_settings

app = typer.Typer()


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
