"""Door 1, and the doors of the rooms behind it: what they hand on is pinned, and loaded late."""

import ast
import subprocess
import sys
from importlib import import_module

import pytest

import rft_core
from rft_core import lazy_door, read_origins
from tests.architecture.source import CHECKOUT, for_each, is_module, modules

# what each door hands on; a page, a script or a notebook may rely on it
PINNED = {
    "rft_core": """PRESETS RftError RobustnessCurve RunRecord RunSpec UserError bundles choices cost
        ensure_worker errors files find format_duration format_epsilon format_percent jobs metrics
        open_store parse parse_epsilon preset recordings report resources serving spec store submit
        units with_settings""",
    "rft_core.bundles": "bundle_bytes import_bundle import_lines",
    "rft_core.cost": """Cost START_SECONDS attacked_share demand estimate
        estimate_evaluation factors may_attack never_rises train_images""",
    "rft_core.files": "CHECKOUT image_suffixes run_files uploads",
    "rft_core.jobs": "Evaluation Reading dataset_cards evaluations relocate_apart",
    "rft_core.metrics": "MeasuredBy confusion",
    "rft_core.recordings": "Gallery Recording read_gallery read_recording thinned",
    "rft_core.report": "CONFIG comparison drawing evaluation files run story",
    "rft_core.report.comparison": """AXES BANDS Content PANELS Pair SEEDS View
        accuracy_panels area_table assemble curves_figure describe_curves describe_pairs
        describe_pareto describe_tracking difference_rows differing_rows group_table
        grouping_choices is_standard number_rows pair_runs panels_height pareto_figure
        pareto_rows run_labels with_pairs""",
    "rft_core.report.drawing": "note projector run_style",
    "rft_core.report.evaluation": """Line MEANINGS attacks_figure class_figure
        confusion_figure describe_attacks describe_classes describe_confusion
        describe_falling describe_parts describe_picture describe_verdict parts_figure""",
    "rft_core.report.files": "FILE_NAME file_contents one_file",
    "rft_core.report.run": """Finding MEASURED_KINDS REFERENCES RunHistory ScheduleLine
        accuracy_figure balance_figure build_history compared corruption_figure
        describe_card describe_run describe_shifts domain_figure editor_data
        epsilon_strip findings in_brackets measured_at measured_method measured_report
        robustness_figure schedule_figure schedule_rows""",
    "rft_core.report.story": """MAGNIFY STYLES Track area_figure build_track
        confidence_figure describe_areas describe_attack describe_falls describe_fragile
        describe_guess describe_limit describe_race describe_source describe_task
        describe_threshold fragile_figure magnified race_figure race_replay""",
    "rft_core.resources": "backbones check_dataset datasets weights",
    "rft_core.serving": "Door Guard is_loopback lan_addresses launch_for_viewer open_door",
    "rft_core.spec": """CHECKPOINT Choice DATASET DatasetRow NumberRange PATH_SETTINGS
        absolute_value
        attack_measured_by dataset_row describe differences evaluation_measured_by flatten
        gone_message gone_settings is_there link_items locations number_range points_fault
        read_items
        setting_names settings_of_methods split_epsilons""",
    "rft_core.store": """ORDERS PAGE_ROWS RunStore RunSummary
        UNDO_SECONDS Waiting Wanted find_waiting fork fork_step is_listed last_sequence
        last_sequences list_choices read_events status""",
}
LOADS_LATE = ("torch", "pydantic", "sqlalchemy", "numpy", "plotly", "pandas", "streamlit")
LONGEST_IMPORT_SECONDS = 0.2
PAGES = sorted([*(CHECKOUT / "pages").rglob("*.py"), CHECKOUT / "app.py"])


def door_names(package: str) -> list[str]:
    """The door of `package` and all doors behind it."""
    behind = [
        f"{package}.{original}"
        for module, original in read_origins(package).values()
        if module == package
    ]
    with_door = [name for name in behind if hasattr(import_module(name), "__all__")]
    return [package, *[name for inner in with_door for name in door_names(inner)]]


DOORS = door_names("rft_core")
HANDED_ON = [(door, name) for door in DOORS for name in read_origins(door)]


def test_the_doors_and_what_they_hand_on():
    assert {door: sorted(names.split()) for door, names in PINNED.items()} == {
        door: list(import_module(door).__all__) for door in DOORS
    }
    assert len(rft_core.__all__) <= 35


@pytest.mark.parametrize(("door", "name"), HANDED_ON, ids=[".".join(one) for one in HANDED_ON])
def test_what_a_door_hands_on_is_what_its_module_has(door, name):
    module, original = read_origins(door)[name]
    found = getattr(import_module(door), name)
    if module == door:
        assert found is import_module(f"{door}.{original}")
    else:
        # a file of the same name would take the place of what is handed on once it is loaded
        assert not is_module(f"{door}.{name}")
        assert found is getattr(import_module(module), original)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_lists_what_it_hands_on_and_nothing_else(door):
    package = import_module(door)
    assert dir(package) == package.__all__ == sorted(read_origins(door))
    with pytest.raises(AttributeError, match=f"module '{door}' has no attribute 'parze'"):
        _ = package.parze


def test_a_door_shows_what_its_module_holds_now(monkeypatch):
    """Nothing is kept at the door: what a test puts in a module, pages see."""
    from rft_core.spec import run_spec

    assert rft_core.parse is run_spec.parse
    monkeypatch.setattr(run_spec, "parse", len)
    assert rft_core.parse is len


def test_a_door_hands_on_under_another_name(tmp_path, monkeypatch):
    folder = tmp_path / "planted_door"
    folder.mkdir()
    (folder / "numbers.py").write_text("one, two = 1, 2\n")
    (folder / "__init__.py").write_text(
        "from typing import TYPE_CHECKING\nfrom rft_core import lazy_door\nif TYPE_CHECKING:\n"
        "    from planted_door import numbers\n    from planted_door.numbers import two as second\n"
        "__getattr__, __dir__, __all__ = lazy_door(__name__)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    door = import_module("planted_door")
    assert (door.second, door.numbers.one, door.__all__) == (2, 1, ["numbers", "second"])
    assert not hasattr(door, "two")
    assert lazy_door("planted_door")[2] == ["numbers", "second"]


def fresh(code: str) -> str:
    """What `code` prints in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


@pytest.mark.parametrize("door", DOORS)
def test_a_door_loads_nothing_before_it_is_used(door):
    look = f"import sys, {door}; dir({door}); print(*sys.modules)"
    loaded = set(fresh(look).split())
    assert not loaded & set(LOADS_LATE)
    parents = {".".join(door.split(".")[:count]) for count in range(1, door.count(".") + 2)}
    assert {name for name in loaded if name.split(".")[0] == "rft_core"} == parents


def test_door_1_opens_at_once():
    # the processor's time, the least of a few: other processes of the machine do not count
    took = "import time; began = time.process_time(); import rft_core; "
    took += "print(time.process_time() - began)"
    assert min(float(fresh(took)) for _ in range(3)) < LONGEST_IMPORT_SECONDS


def past_the_door(tree: ast.AST) -> list[str]:
    """The imports that go past door 1."""
    found = [
        f"{node.module}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rft_core.")
    ]
    return found + [
        f"{alias.name}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.startswith("rft_core.")
    ]


def from_door_1(tree: ast.AST) -> dict[str, str]:
    """Name in a page -> name at door 1."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "rft_core"
        for alias in node.names
    }


def rebound(tree: ast.AST) -> set[str]:
    """The names from door 1 that a page also gives to something of its own."""
    own = {
        getattr(node, "id", None) or getattr(node, "arg", None) or getattr(node, "name", None)
        for node in ast.walk(tree)
        if isinstance(node, (ast.arg, ast.FunctionDef, ast.ClassDef, ast.ExceptHandler))
        or isinstance(node, ast.Name)
        and not isinstance(node.ctx, ast.Load)
    }
    own |= {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "rft_core"
        for alias in node.names
    }
    return {name for name in from_door_1(tree) if name in own}


def chains(tree: ast.AST) -> set[str]:
    """Every `report.run.history` of a page as a dotted name from door 1 on."""
    names = from_door_1(tree)
    found = set()
    for node in ast.walk(tree):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in names:
            found.add(".".join([names[node.id], *parts]))
    return found


def missing(chain: str) -> bool:
    """Whether a door or a module on the way does not have what `chain` asks it for."""
    found = rft_core
    for name in chain.split("."):
        if not hasattr(found, name):
            return True
        found = getattr(found, name)
        if not getattr(found, "__spec__", None):
            return False
    return False


def ids(path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_page_uses_door_1_and_nothing_past_it(path):
    tree = ast.parse(path.read_text())
    assert past_the_door(tree) == []
    assert rebound(tree) == set()
    assert [chain for chain in sorted(chains(tree)) if missing(chain)] == []


@pytest.mark.parametrize(
    ("text", "past", "twice", "gone"),
    [
        ("from rft_core import report, RunSpec\nreport.drawing.run_style(1)", 0, 0, 0),
        ("from rft_core.report import run", 1, 0, 0),
        ("def f():\n    import rft_core.store.events", 1, 0, 0),
        ("from rft_core import spec\ndef f(spec):\n    return spec", 0, 1, 0),
        ("from rft_core import store\nfrom pages.ui.shared.session import store", 0, 1, 0),
        ("from rft_core import report\nreport.run.run_stile(1)", 0, 0, 1),
        ("from rft_core import jobs as work\nwork.evaluations.ask()", 0, 0, 1),
        ("from rft_core import RunSpec\nRunSpec.of_a_class_all_is_open", 0, 0, 0),
    ],
)
def test_the_rules_of_the_door_catch_what_is_planted(text, past, twice, gone):
    tree = ast.parse(text)
    found = [chain for chain in chains(tree) if missing(chain)]
    assert (len(past_the_door(tree)), len(rebound(tree)), len(found)) == (past, twice, gone)


@for_each("module", modules(), ids=lambda module: module.name)
def test_the_doors_are_for_those_outside(module):
    """Inside the package a name is imported from the file that has it: a door would hide where
    arrows lead, and load what is not needed.
    """
    through = [
        f"{node.module}.{alias.name}:{node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module in DOORS
        for alias in node.names
        if alias.name != "lazy_door" and not is_module(f"{node.module}.{alias.name}")
    ]
    assert through == []
