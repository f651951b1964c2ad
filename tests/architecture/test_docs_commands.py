"""Every command in the docs exists: make's targets, Python's modules, and what the command line's
own parser takes. Nothing is run.
"""

import re
from importlib.util import find_spec

import pytest
import typer

from rft_core import PRESETS, cli
from rft_core.spec.run_spec import setting_names
from tests.architecture.markdown import Page, pages, words
from tests.architecture.source import CHECKOUT

COMMANDS = typer.main.get_group(cli.app).commands
TARGETS = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
# stand for a name where a page speaks of commands or settings in general
PLACEHOLDERS = {"COMMAND"}
SETTING_PLACEHOLDERS = {"NAME", "SETTING..."}
NAMED = [(page, command) for page in pages() for command in page.commands]
# a command with options is often written without what calls it
NAMED += [
    (page, f"python -m rft_core {span}")
    for page in pages()
    for span in page.spans
    if span.split()[0] in COMMANDS and " --" in span
]


def fault(command: str) -> str:
    """Return why `command` could not be called, or ""."""
    said = words(command)
    if said[0] == "make":
        return _make_fault(said[1:])
    if said[0] == "rft-lab":
        return _cli_fault(said[1:])
    if said[:3] == ["python", "-m", "rft_core"]:
        return _cli_fault(said[3:])
    return "" if find_spec(said[2]) else f"there is no module {said[2]}"


def _make_fault(said: list[str]) -> str:
    unknown = [word for word in said if "=" not in word and word not in TARGETS]
    return f"the Makefile has no {unknown}" if unknown else ""


def _cli_fault(said: list[str]) -> str:
    if not said or said[0] in PLACEHOLDERS or said[0].startswith("--"):
        return ""
    if said[0] not in COMMANDS:
        return f"there is no command {said[0]}"
    if said[1:] == []:
        # spoken of, not called
        return ""
    try:
        context = COMMANDS[said[0]].make_context(said[0], _with_values(said[1:]))
    except Exception as error:
        return error.format_message() if hasattr(error, "format_message") else repr(error)
    return _value_fault(context.params)


def _with_values(said: list[str]) -> list[str]:
    """Leave out the signs of a usage line: brackets, and OPTIONS."""
    plain = [word.strip("[]") for word in said]
    return [word for word in plain if word and word != "OPTIONS"]


def _value_fault(given: dict) -> str:
    presets = {row.name for row in PRESETS} | {"NAME"}
    settings = set(setting_names()) | SETTING_PLACEHOLDERS
    for preset in (given.get("preset") or "NAME").split("|"):
        if preset not in presets:
            return f"there is no preset {preset}"
    unknown = [one for one in given.get("settings") or () if one.partition("=")[0] not in settings]
    return f"there is no setting {unknown}" if unknown else ""


def test_there_is_something_to_look_at():
    assert len(NAMED) > 60


@pytest.mark.parametrize(
    ("page", "command"), NAMED, ids=[f"{page.name}: {command[:60]}" for page, command in NAMED]
)
def test_every_command_exists(page, command):
    assert fault(command) == ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make app PORT=8502", ""),
        ("make aple", "the Makefile has no ['aple']"),
        ("python -m rft_core run --preset fixed --set seed=1", ""),
        ("python -m rft_core run --preset fxied", "there is no preset fxied"),
        ("python -m rft_core run --set optim.epoch=1", "there is no setting ['optim.epoch=1']"),
        ("python -m rft_core rnu --json", "there is no command rnu"),
        ("python -m rft_core evaluate ID --honest", "No such option: --honest"),
        ("python -m rft_core evaluate --honesty", "Missing argument"),
        ("python -m rft_core doctor  # a comment --nonsense", ""),
        ("RFT_PIN=... python -m rft_core app --share", ""),
        ("rft-lab list strategies", ""),
        ("rft-lab lsit strategies", "there is no command lsit"),
        ("python -m docs.studies.nowhere FILE", "there is no module docs.studies.nowhere"),
    ],
)
def test_a_planted_command_is_found(command, why):
    assert fault(command).startswith(why) if why else fault(command) == ""


def test_commands_are_found_in_blocks_and_lines():
    text = "see `make app` and\n```\nRFT_PIN=x python -m rft_core app\n# make tea\n```\n`ls -l`"
    assert Page(CHECKOUT / "x.md", text).commands == [
        "RFT_PIN=x python -m rft_core app",
        "make app",
    ]
