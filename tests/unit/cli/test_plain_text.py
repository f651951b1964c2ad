"""rft_core.cli.plain_text: no encoding of a terminal ends a command with a trace.

Real processes print, with real encodings.
"""

import json
import os
import subprocess
import sys

import pytest

from rft_core.cli.plain_text import nearest
from tests.architecture.source import CHECKOUT

NAME = "[/x] café · 花 – “rose” 😀 :smile:"
# one process an encoding: each command is called as from the command line, with what it
# prints between the marks
DRIVER = """
import json, sys
from rft_core import cli; from rft_core.cli import engine
from rft_core.cli.printing import measured as terminal
from tests.unit.cli.test_plain_text import COMMANDS, prepare

run_id, other = prepare(engine)
for command in COMMANDS:
    words = [word.format(run=run_id, other=other) for word in command]
    sys.argv = ["rft_core", *words]
    sys.stdout.write("\\n@@ " + " ".join(command).encode("ascii", "replace").decode() + "\\n")
    try:
        cli.main()
    except SystemExit as ended:
        assert ended.code in (0, 1, 2, None), ended.code
    sys.stdout.flush()
honesty = {"findings": [{"level": "red", "name": "steps", "reason": "10 → 20 steps: 3 ± 1 [points] weaker …"}]}
points = [{"epsilon": 0.0, "accuracy": 0.9}, {"epsilon": 4 / 255, "accuracy": 0.25}]
attack = {"attack": "pgd", "steps": 10, "images": 5, "norm": "l2"}
terminal.print_evaluation(attack | {"curve": points, "honesty": honesty})
terminal.print_evaluation(attack | {"prediction": "花", "confidence": 0.5, "falls_at": None, "taken_for": "été"})
sys.stdout.write("\\n@@ end\\n")
"""
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("show", "{run}"),
    ("show", "花"),
    ("show", "caf\udce9"),
    ("compare", "{run}", "{other}"),
    ("compare", "{run}", "{other}", "--json"),
    ("schedule", "--epochs", "3"),
    ("list", "presets"),
    ("list", "花"),
    ("run", "--set", "runtime.device=cpu", "--set", f"name={NAME}"),
    ("submit", "--set", "data.dataset=folder:/花/été"),
    ("submit", "--set", "nonsense–setting=1"),
    ("submit", "--spec", "/花.json"),
    ("export", "{run}", "--to", "/dev/null/花"),
    ("relocate", "{run}", "data.dataset=folder:/花"),
    ("resume", "{run}"),
    ("delete", "{other}"),
    ("--help",),
    ("run", "--nonsense–option"),
)
ENCODINGS = {
    "ascii:strict": {"PYTHONIOENCODING": "ascii:strict"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp437": {"PYTHONIOENCODING": "cp437"},
    "LC_ALL=C": {"LC_ALL": "C"},
    "a plain C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
READ_AS = {"ascii:strict": "ascii", "LC_ALL=C": "utf-8", "a plain C locale": "ascii"}


def prepare(engine) -> tuple[str, str]:
    """Two measured runs with a name that few encodings have; a stand-in for the engine executes
    what the commands ask for.
    """
    from rft_core.files.home import find_home
    from rft_core.store.run_store import RunStore
    from tests.unit.report.stored import stored

    fake = "tests.unit.worker.fake_engine"
    engine.EXECUTE = f"{fake}:finish"
    store = RunStore(find_home())
    settings = {"notes": "été", "data__dataset": "folder:/nowhere/花"}
    linear, constant = (
        stored(store, NAME, **settings, seed=0, schedule__kind=kind).run_id
        for kind in ("linear", "constant")
    )
    return linear, constant


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_command_prints_in_every_encoding(name, tmp_path):
    plain = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONIOENCODING", "LC_ALL", "PYTHONUTF8")
    }
    environment = plain | {"RFT_HOME": str(tmp_path / "home"), "COLUMNS": "80"} | ENCODINGS[name]
    # in a file: as an argument the text itself would be read in the terminal's encoding
    script = tmp_path / "driver.py"
    script.write_text(DRIVER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        cwd=CHECKOUT,
        env=environment | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        check=False,
    )
    encoding = READ_AS.get(name, name)
    error = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, error
    assert "Traceback" not in error
    # strict: every byte is one that the terminal has
    output = done.stdout.decode(encoding)
    parts = dict(
        part.split("\n", 1) for part in output.replace(os.linesep, "\n").split("\n@@ ")[1:]
    )
    assert "end" in parts
    for command, text in parts.items():
        if command.endswith("--json") and text.strip():
            json.loads(text)
    assert [row["name"] for row in json.loads(parts["runs --json"])] == [NAME, NAME]
    assert nearest(NAME, encoding) in " ".join(parts["runs"].split())


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("café – 花", "ascii", "cafe - ??"),
        ("café – 花", "cp1252", "café – ??"),
        ("café – 花", "latin-1", "café - ??"),
        ("█ ± ≤ … →", "ascii", "# +- <= ... ->"),
        ("█ ±", "cp437", "█ ±"),
        ("Ångström, Łódź, Straße", "ascii", "Angstrom, ?odz, Strasse"),
        ("e\u0301", "ascii", "e"),
        ("\udce9", "utf-8", "?"),
        ("plain", "ascii", "plain"),
        ("", "ascii", ""),
    ],
)
def test_the_nearest_that_an_encoding_has(text, encoding, expected):
    assert nearest(text, encoding) == expected
    nearest(text, encoding).encode(encoding)
