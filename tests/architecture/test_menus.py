"""A new strategy, attack, objective or dataset is one file and one row; the command
line is pinned.
"""

import inspect
from typing import Any

import pytest
import typer

from rft_core import cli
from rft_core.spec import catalog
from rft_core.spec.run_spec import setting_names
from tests.architecture.source import PACKAGE

ROWS = [(kind, row) for kind, rows in catalog.MENUS.items() for row in rows]
FOLDERS = {
    "strategies": "strategies",
    "attacks": "attacks",
    "objectives": "objectives",
    "datasets": "data/sources",
}
# what methods share; everything else in these folders is a method
SHARED = {
    "strategies": {"__init__", "parameters", "blocks"},
    "attacks": {"__init__", "norms", "losses", "stepwise"},
    "objectives": {"__init__", "adversary", "build", "divergence"},
    "datasets": {"__init__"},
}
COMMANDS = (
    "doctor",
    "list",
    "schedule",
    "run",
    "submit",
    "worker",
    "runs",
    "show",
    "stop",
    "pause",
    "resume",
    "relocate",
    "delete",
    "compare",
    "evaluate",
    "export",
    "pretrain",
    "dataset",
)


@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[f"{kind}.{row.name}" for kind, row in ROWS])
def test_every_row_resolves(kind, row):
    assert callable(row.load())


@pytest.mark.parametrize("kind", ["schedules", "strategies", "objectives"])
def test_a_row_names_settings_that_exist(kind):
    for row in catalog.choices(kind):
        assert set(row.settings) <= set(setting_names()), row.name


def test_an_attack_without_single_steps_says_what_it_costs():
    for row in catalog.ATTACKS:
        fallen, stood = row.cost(row.taken_steps(10), 10)
        assert 0 < fallen <= stood, row.name
        assert set(row.norms) <= {"linf", "l2"}
        assert set(row.norms)


@pytest.mark.parametrize("kind", list(FOLDERS))
def test_every_method_file_has_a_row(kind):
    targets = {row.target.split(":")[0].rsplit(".", 1)[1] for row in catalog.choices(kind)}
    files = {path.stem for path in (PACKAGE / "engine" / FOLDERS[kind]).glob("*.py")} - SHARED[kind]
    assert files == targets


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("schedules", ["moment", "settings"]),
        ("strategies", ["backbone", "settings"]),
        ("objectives", ["model", "images", "labels", "adversary", "settings"]),
        ("datasets", ["name", "request"]),
    ],
)
def test_every_row_of_a_menu_is_called_alike(kind, names):
    for row in catalog.choices(kind):
        parameters = inspect.signature(row.load()).parameters.values()
        # what an objective keeps for itself (objectives/build.py) is by keyword
        found = [
            parameter.name
            for parameter in parameters
            if parameter.kind is not parameter.KEYWORD_ONLY or kind != "objectives"
        ]
        assert len(found) == len(names), row.name
        assert found[1:] == names[1:], row.name


def test_every_backbone_is_called_alike():
    for row in catalog.BACKBONES:
        wanted = (
            ["num_classes"]
            if row.name in catalog.EMBEDDED_BACKBONES
            else ["spec", "num_classes", "image_size", "notify"]
        )
        assert list(inspect.signature(row.load()).parameters) == wanted, row.name


def test_every_attack_is_called_alike():
    wanted = {"norm", "epsilon", "steps", "relative_step_size", "random_start", "generator"}
    for row in catalog.ATTACKS:
        parameters = inspect.signature(row.load()).parameters
        assert list(parameters)[:3] == ["model", "images", "labels"]
        takes_all = any(
            parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
        )
        assert takes_all or wanted <= set(parameters)


def commands() -> dict[str, Any]:
    return dict(typer.main.get_group(cli.app).commands)


def test_the_commands_of_the_contract():
    assert set(COMMANDS) <= set(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_option_and_argument_has_help(name):
    command = commands()[name]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"
        assert parameter.help.endswith("."), f"{name} {parameter.name}: {parameter.help}"


@pytest.mark.parametrize("name", sorted(set(commands()) - {"app"}))
def test_every_command_can_answer_in_json(name):
    assert "--json" in [
        option for parameter in commands()[name].params for option in parameter.opts
    ]
