"""An import only ever points down, no circles, and the first paint does not wait for torch."""

import subprocess
import sys

import pytest

from tests.architecture.source import CHECKOUT, Module, modules

TORCH_WORLD = {"torch", "torchvision", "timm", "peft", "torchattacks", "safetensors", "sklearn", "ray", "accelerate", "transformers", "datasets"}
# these two may load torch, inside a function: the one joins worker and engine, the other checks the installation
JOINERS = ("rft_core.cli", "rft_core.doctor")
MAY_USE_TORCH = ("rft_core.engine", "rft_core.sweeps")

# the floors, from the ground up; a package stands for all its modules
FLOORS = (
    ("rft_core.errors", "rft_core.units", "rft_core.guard"),
    ("rft_core.launch_limits",),
    ("rft_core.sharing", "rft_core.schedules", "rft_core.metrics", "rft_core.home", "rft_core.image_files", "rft_core.aside"),
    ("rft_core.layout",),
    ("rft_core.catalog", "rft_core.member_names", "rft_core.downloads"),
    ("rft_core.unpacking",),
    ("rft_core.uploads", "rft_core.setting_paths", "rft_core.list_settings", "rft_core.plain_text", "rft_core.text_tables"),
    ("rft_core.sections", "rft_core.backbones"),
    ("rft_core.spec", "rft_core.stored_spec", "rft_core.availability", "rft_core.dataset_check"),
    ("rft_core.tracking_plan", "rft_core.measurements"),
    ("rft_core.run_paths", "rft_core.presets", "rft_core.preview", "rft_core.grid", "rft_core.evaluation_cost", "rft_core.links"),
    ("rft_core.store",),
    ("rft_core.recordings", "rft_core.viewer_launch"),
    ("rft_core.report", "rft_core.worker", "rft_core.datacards", "rft_core.evaluations"),
    ("rft_core.repair",),
    (
        "rft_core.arguments",
        "rft_core.bundles",
        "rft_core.foreground",
        "rft_core.latency",
        "rft_core.relocating",
        "rft_core.reviewing",
        "rft_core.exporting",
        "rft_core.terminal",
        "rft_core.doctor",
        "rft_core.serve",
        "rft_core.sweeps",
    ),
    ("rft_core.cli", "rft_core"),
    ("rft_core.__main__",),
)
STORE_FLOOR = next(place for place, row in enumerate(FLOORS) if "rft_core.store" in row)


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def floor(name: str) -> int:
    """The floor of a module; the engine stands beside the store, and knows nothing of it."""
    if below(name, "rft_core.engine"):
        return STORE_FLOOR
    if name == "rft_core":
        return len(FLOORS) - 2
    for place, row in enumerate(FLOORS):
        if any(package != "rft_core" and below(name, package) for package in row):
            return place
    raise AssertionError(f"{name} has no floor yet; give it one in {__name__}.FLOORS")


def part(name: str) -> str:
    """The file or the package right below rft_core that a module belongs to."""
    return ".".join(name.split(".")[:2])


def ours(module: Module):
    return [one for one in module.imports if below(one.module, "rft_core")]


def ids(module: Module) -> str:
    return module.name


def test_there_is_something_to_look_at():
    assert len(modules()) > 40
    assert sum(len(ours(module)) for module in modules()) > 100


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_no_streamlit(module):
    assert not [one for one in module.imports if below(one.module, "streamlit")]


@pytest.mark.parametrize("module", [one for one in modules() if not one.name.startswith(MAY_USE_TORCH)], ids=ids)
def test_only_the_engine_loads_torch(module):
    heavy = [one for one in module.imports if one.module.split(".")[0] in TORCH_WORLD or one.module.startswith(MAY_USE_TORCH)]
    if module.name in JOINERS:
        heavy = [one for one in heavy if one.at_load]
    assert not heavy


@pytest.mark.parametrize("module", modules(), ids=ids)
def test_imports_point_down(module):
    up = [one for one in ours(module) if part(one.module) != part(module.name) and floor(one.module) >= floor(module.name)]
    if module.name in JOINERS:
        up = [one for one in up if not below(one.module, "rft_core.engine")]
    assert not up


@pytest.mark.parametrize(
    ("package", "strangers"),
    [
        ("rft_core.engine", ("rft_core.worker", "rft_core.store", "rft_core.report", "rft_core.cli", "rft_core.foreground", "sqlalchemy")),
        ("rft_core.worker", ("rft_core.engine", "rft_core.report")),
        ("rft_core.store", ("rft_core.engine", "rft_core.worker", "rft_core.report")),
        ("rft_core.report", ("rft_core.engine", "rft_core.worker")),
        ("rft_core.metrics", ("rft_core.store", "sqlalchemy", "torch")),
        ("rft_core.schedules", ("pydantic", "torch", "rft_core")),
    ],
)
def test_who_must_not_know_whom(package, strangers):
    met = [(module.name, one) for module in modules() if below(module.name, package) for one in module.imports if any(below(one.module, s) for s in strangers)]
    assert not met


def test_no_circles():
    """Also counting imports inside functions, which can hide a circle."""
    graph = {module.name: {one.module for one in ours(module)} for module in modules()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for other in graph.get(name, ()):
            walk(other, (*trail, name))
        done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize("name", ["rft_core", "rft_core.cli", "rft_core.worker.loop", "rft_core.report.compare", "rft_core.foreground"])
def test_no_torch_is_loaded(name):
    check = f"import sys, {name}; print(sorted(set({sorted(TORCH_WORLD)!r}) & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", check], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
