"""python -m rft_core: what it sets before torch is loaded."""

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import CHECKOUT

SHOW = (
    "import sys, runpy; sys.argv = ['rft_core', 'list', 'schedules', '--json'];"
    " runpy.run_module('rft_core', run_name='__main__')"
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, "3000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)],
    ids=["nothing", "a count", "a policy"],
)
def test_threads_that_wait_soon_give_their_core_away(given, kept):
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    } | given
    script = (
        "import os, json, atexit; atexit.register(lambda:"
        f" print(json.dumps(os.environ.get('GOMP_SPINCOUNT')), file=sys.stderr)); {SHOW}"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(result.stderr.strip().splitlines()[-1]) == kept
