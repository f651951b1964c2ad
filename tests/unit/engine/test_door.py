"""Door 2: what a researcher imports, and that nothing is loaded before it is used."""

import subprocess
import sys

import pytest

import rft_core.engine as door
from tests.architecture.source import CHECKOUT

NAMES = [
    "EpsilonSchedule",
    "Evaluation",
    "FolderReporter",
    "Moment",
    "NormalizedModel",
    "Reporter",
    "RobustnessCurve",
    "all_weight_on",
    "apgd",
    "apgd_ce_t",
    "apgd_dlr",
    "apply_strategy",
    "autoattack",
    "build_model",
    "cross_entropy",
    "cw",
    "dlr",
    "eval_mode",
    "evaluate",
    "execute",
    "expected_robustness",
    "fab",
    "factor_at",
    "fgsm",
    "make_adversary",
    "make_objective",
    "margin",
    "merge_strategy",
    "pgd",
    "square",
    "train_mode",
]


def test_the_names():
    assert door.__all__ == NAMES
    assert dir(door) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_the_thing_and_says_what_it_does(name):
    found = getattr(door, name)
    assert callable(found)
    assert found.__name__ == name
    assert found.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'pdg'"):
        _ = door.pdg


def test_a_name_is_the_function_whatever_was_imported_before():
    check = (
        "import rft_core.engine.execution; from rft_core.engine import execute; execute.__code__"
    )
    subprocess.run([sys.executable, "-c", check], cwd=CHECKOUT, check=True)


def test_no_name_is_also_a_file():
    """The file would take the name's place once it is imported."""
    files = {path.stem for path in (CHECKOUT / "rft_core" / "engine").iterdir()}
    assert files & set(NAMES) == set()


def test_the_schedule_loads_no_torch():
    check = (
        "import sys; from rft_core.engine import EpsilonSchedule;"
        " EpsilonSchedule(epochs=2, steps_per_epoch=3).epsilon_at(2);"
        " assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], cwd=CHECKOUT, check=True)
