"""A page changes something only through the gate: `permitted(act)(...)`, which refuses a
viewer on the server.
"""

import ast

import pytest

from rft_core import read_origins
from rft_core.store.run_store import RunStore
from tests.architecture.source import CHECKOUT
from tests.architecture.test_doors import DOORS

# what only reads, or holds what is stored against the truth; every other method of the
# store changes something
READS = {
    "home",
    "engine",
    "is_local",
    "folder",
    "get",
    "records",
    "summaries",
    "is_busy",
    "discarded",
    "measured_paces",
    "reconcile",
    "gone",
}
CHANGES = {name for name in vars(RunStore) if not name.startswith("_")} - READS
# functions of rft_core that change something, by the module that has them
FUNCTIONS = {
    "rft_core.worker.submit": {"submit", "ensure_worker"},
    "rft_core.store.forks": {"fork"},
    "rft_core.serving.viewer_launch": {"launch_for_viewer"},
    "rft_core.files.uploads": {"unpack", "unpack_dataset", "remove_upload"},
    "rft_core.bundles.incoming": {"import_bundle"},
    # it changes nothing, and fills the server's memory
    "rft_core.bundles.outgoing": {"bundle_bytes"},
    "rft_core.jobs.dataset_cards": {"ask_for_card", "stop_reading", "keep_card"},
    "rft_core.jobs.make_evaluation": {"make_evaluation"},
    "rft_core.jobs.relocating": {"relocate", "relocate_apart"},
    "rft_core.worker.foreground": {"run_here"},
    "rft_core.jobs.evaluations": {"ask_for_evaluation", "cancel"},
}
GATED = CHANGES | {name for names in FUNCTIONS.values() for name in names}
# a door hands on what these have; a new one is looked at, and gated where it changes something
OPEN_MODULES = (
    "rft_core.cost",
    "rft_core.errors",
    "rft_core.files.home",
    "rft_core.files.images",
    "rft_core.files.run_files",
    "rft_core.metrics",
    "rft_core.recordings.reading",
    "rft_core.recordings.thinning",
    "rft_core.report",
    "rft_core.resources",
    "rft_core.serving.pin",
    "rft_core.serving.request_guard",
    "rft_core.serving.server",
    "rft_core.spec",
    "rft_core.store.connection",
    "rft_core.store.events",
    "rft_core.store.queue",
    "rft_core.store.records",
    "rft_core.store.run_store",
    "rft_core.store.status",
    "rft_core.store.summaries",
    "rft_core.units",
)
KNOWN = (*OPEN_MODULES, *FUNCTIONS)
GATE = CHECKOUT / "pages" / "ui" / "shared" / "gate.py"
PAGES = sorted([*(CHECKOUT / "pages").rglob("*.py"), CHECKOUT / "app.py"])


def handed_on(door: str) -> dict[str, str]:
    """Name -> module of what a door hands on; what is behind a further door stands there."""
    found = {
        name: f"{door}.{original}" if module == door else module
        for name, (module, original) in read_origins(door).items()
    }
    return {name: module for name, module in found.items() if module not in DOORS}


def ungated(tree: ast.AST) -> list[str]:
    """The places where something that changes is named other than as the
    argument of `permitted`.
    """
    passed = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and len(node.args) == 1
        and _is_gate(node.func.id, node.args[0])
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Attribute, ast.Name, ast.ImportFrom)):
            continue
        is_name = (
            isinstance(node, ast.Attribute)
            and node.attr in GATED
            or isinstance(node, ast.Name)
            and node.id in GATED
        )
        if (
            is_name
            and id(node) not in passed
            or isinstance(node, ast.ImportFrom)
            and any(alias.name in GATED and alias.asname for alias in node.names)
        ):
            found.append(f"{ast.unparse(node)}:{node.lineno}")
    return found


def _is_gate(name: str, act: ast.expr) -> bool:
    """Whether the function `name` of pages/ui/shared/gate.py refuses a viewer `act`; launching lets
    one submit, within the limits, and nothing else.
    """
    return name == "permitted" or (
        name == "launching" and isinstance(act, ast.Name) and act.id == "submit"
    )


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_everything_that_changes_goes_through_the_gate(path):
    found = ungated(ast.parse(path.read_text()))
    if path == GATE:
        # what the gate itself does for a viewer who may launch
        found = [one for one in found if not one.startswith("serving.launch_for_viewer:")]
    assert found == []


@pytest.mark.parametrize("door", DOORS)
def test_a_door_hands_on_only_what_was_looked_at(door):
    """Pages reach rft_core through the doors alone (test_doors.py)."""
    strangers = {
        f"{module}.{name}"
        for name, module in handed_on(door).items()
        if not any(module == one or module.startswith(f"{one}.") for one in KNOWN)
    }
    assert not strangers, (
        "gate what changes something there (FUNCTIONS), or add the module to OPEN_MODULES:"
        f" {strangers}"
    )


def test_not_everything_is_looked_at():
    assert not [one for one in KNOWN if "rft_core.store.recovery".startswith(one)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_a_page_starts_no_process_of_its_own(path):
    tree = ast.parse(path.read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not names & {"subprocess", "multiprocessing", "shutil", "pickle"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("submit(store(), spec)", 1),
        ("permitted(submit)(store(), spec)", 0),
        ("store().delete('x')", 1),
        ("permitted(store().delete)('x')", 0),
        ("act = submit", 1),
        ("from rft_core import submit as go", 1),
        ("partial(store().annotate, 'x')", 1),
        ("store().get('x')", 0),
        ("permitted(print); store().purge()", 1),
        ("launching(submit)(store(), [spec])", 0),
        ("launching(store().delete)('x')", 1),
    ],
)
def test_the_rule_catches_what_is_planted(text, count):
    assert len(ungated(ast.parse(text))) == count


def test_what_the_gate_knows_exists():
    import importlib

    for module, names in FUNCTIONS.items():
        assert all(hasattr(importlib.import_module(module), name) for name in names), module
    assert {
        "submit",
        "request",
        "resume",
        "discard",
        "restore",
        "purge",
        "annotate",
        "delete",
    } <= CHANGES
