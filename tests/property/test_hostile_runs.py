"""Specs with odd values that are accepted, made tiny, really run: to a report, or to an
error that is on purpose.
"""

import contextlib
import os

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rft_core.engine.execution import execute
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import SettingError, StrategyError, TrainingError
from rft_core.spec import catalog
from rft_core.spec.run_spec import epsilon_grid
from tests import tiny

RUNS = 20 if os.environ.get("RFT_FUZZ") else 4
ONE_STEP = {
    "data__train_size": 16,
    "data__eval_size": 16,
    "optim__epochs": 1,
    "optim__batch_size": 32,
    "evaluation__tracking": 2,
    "evaluation__examples": 0,
    "evaluation__eval_size": 8,
    "evaluation__steps": 1,
}
TRAINED = [row.name for row in catalog.ATTACKS if not row.measures_only]
ODD = {
    "threat__norm": st.sampled_from(["linf", "l2"]),
    "threat__epsilon": st.sampled_from([0, 5e-324, 1e-300, 1e-9, "8/255", 1]),
    "strategy__kind": st.sampled_from([row.name for row in catalog.STRATEGIES]),
    "strategy__alpha": st.sampled_from([5e-324, 8.0, 100_000.0]),
    "strategy__rank": st.sampled_from([1, 4096]),
    "objective__kind": st.sampled_from([row.name for row in catalog.OBJECTIVES]),
    "objective__beta": st.sampled_from([None, 0, 1000]),
    "attack__kind": st.sampled_from(TRAINED),
    "attack__relative_step_size": st.sampled_from([None, 5e-324, 10]),
    "schedule__kind": st.sampled_from([row.name for row in catalog.SCHEDULES]),
    "schedule__points": st.sampled_from(
        [[(0, 0)], [(0.5, 0), (0.5, 1)], [(0, 5e-324), (5e-324, 1)]]
    ),
    "optim__learning_rate": st.sampled_from([5e-324, 1e-3, 100]),
    "optim__clip_norm": st.sampled_from([None, 5e-324, 1e308]),
    "evaluation__epsilons": st.sampled_from([None, [5e-324], [0, "8/255"], [1, 0.5, 0.5]]),
    "seed": st.sampled_from([0, 2**31 - 1]),
    "name": st.sampled_from(["", "<b>$x$</b>", "x" * 200]),
}


@settings(max_examples=RUNS, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.fixed_dictionaries({}, optional=ODD))
def test_odd_specs_run_one_step(tmp_path_factory, changes):
    spec = tiny.run_spec(**ONE_STEP | {"evaluation__epsilons": None} | changes)
    # an adapter has no place in this network, and a learning rate of 100 may break a run; both say
    # so, and nothing else may end one
    on_purpose = (
        StrategyError,
        SettingError,
        *([TrainingError] if changes.get("optim__learning_rate") == 100 else []),
    )
    with contextlib.suppress(*on_purpose):
        report = execute(spec, FolderReporter(tmp_path_factory.mktemp("run"))).as_dict()
        check(report, spec)


def check(report, spec):
    assert [row["epsilon"] for row in report["curve"]] == list(epsilon_grid(spec))
    assert all(0 <= row["accuracy"] <= 1 for row in report["curve"])
    assert np.isfinite(report["expected_robustness"])
    assert 0 <= report["expected_robustness"] <= 1
