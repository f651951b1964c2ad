"""rft_core.spec.rerun_command: the commands really give the spec again."""

import shlex

import pytest

from rft_core.spec.arguments import build_spec
from rft_core.spec.presets import PRESETS, preset
from rft_core.spec.rerun_command import short_command, spec_command
from rft_core.spec.run_spec import RunSpec, with_settings

HOSTILE = 'it\'s; rm -rf ~ $(x) "quoted" = 3'
SPECS = [
    *(row.build() for row in PRESETS),
    RunSpec(),
    with_settings(
        preset("scheduled"), {"threat.epsilon": "6/255", "seed": 3, "optim.learning_rate": 1e-4}
    ),
    with_settings(preset("fixed"), {"name": HOSTILE, "data.dataset": "folder:~/my images"}),
    with_settings(
        RunSpec(),
        {
            "name": "12",
            "schedule.kind": "custom",
            "schedule.points": [[0, 0], [0.3, 1]],
            "evaluation.epsilons": ["1/255", 0.1],
        },
    ),
    with_settings(
        RunSpec(),
        {
            "name": " null ",
            "data.train_size": 100,
            "threat.norm": "l2",
            "threat.epsilon": 0.123456789,
        },
    ),
]


def read(command: str) -> RunSpec:
    """The spec that the command line reads from a command, as a shell would split it."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "rft_core", "run"]
    options = list(zip(words[4::2], words[5::2]))
    found = {
        name: [value for key, value in options if key == name] for name in ("--preset", "--set")
    }
    assert len(options) == sum(map(len, found.values()))
    return build_spec(next(iter(found["--preset"]), None), None, found["--set"])


@pytest.mark.parametrize("spec", SPECS, ids=range(len(SPECS)))
def test_the_short_command_gives_the_spec_again(spec):
    assert read(short_command(spec)) == spec


def test_the_nearest_preset_is_the_start():
    assert (
        short_command(with_settings(preset("fixed"), {"seed": 2}))
        == "python -m rft_core run --preset fixed --set seed=2"
    )


def test_notes_and_tags_are_left_out():
    spec = with_settings(preset("fixed"), {"notes": "long", "tags": ["a"]})
    assert short_command(spec) == "python -m rft_core run --preset fixed"


def test_a_spec_that_is_far_from_all_presets_has_no_short_command():
    changes = {
        "seed": 1,
        "name": "x",
        "data.train_size": 50,
        "data.eval_size": 50,
        "optim.epochs": 3,
        "optim.batch_size": 8,
        "optim.learning_rate": 0.1,
    }
    changes |= {
        "strategy.kind": "lora",
        "strategy.rank": 2,
        "attack.steps": 9,
        "runtime.threads": 1,
    }
    assert short_command(with_settings(RunSpec(), changes)) is None


def test_a_file():
    assert spec_command("my spec.json") == "python -m rft_core run --spec 'my spec.json'"
