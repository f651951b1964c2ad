"""An import only ever points down, no circles, and the first paint does not wait for torch."""

import subprocess
import sys

import pytest

from tests.architecture.source import CHECKOUT, Module, for_each, modules

TORCH_WORLD = {
    "torch",
    "torchvision",
    "timm",
    "peft",
    "torchattacks",
    "safetensors",
    "sklearn",
    "ray",
    "accelerate",
    "transformers",
    "datasets",
}
# these may load torch, inside a function: the command line joins worker and engine, the doctor
# checks the installation
JOINERS = ("rft_core.cli", "rft_core.health.doctor")
MAY_USE_TORCH = ("rft_core.engine", "rft_core.bench")

# the rooms from the ground up; an import leads to a lower row
FLOORS = (
    ("errors", "units"),
    ("files", "metrics"),
    ("spec",),
    ("cost", "resources"),
    ("store", "engine"),
    ("worker", "jobs", "recordings"),
    ("report", "serving", "health", "bench"),
    ("bundles",),
    ("cli",),
    ("__main__",),
)


def below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def room(name: str) -> str:
    """The room of a module: the folder or the file right below rft_core that it belongs to."""
    return name.split(".")[1]


def floor(name: str) -> int:
    """The floor of a module, by its room; the door of rft_core stands beside the command line."""
    wanted = "cli" if name == "rft_core" else room(name)
    for number, rooms in enumerate(FLOORS):
        if wanted in rooms:
            return number
    raise AssertionError(
        f"{name} has no floor yet; give the room {wanted} one in {__name__}.FLOORS"
    )


def ours(module: Module):
    return [one for one in module.imports if below(one.module, "rft_core")]


def ids(module: Module) -> str:
    return module.name


def test_there_is_something_to_look_at():
    assert len(modules()) > 40
    assert sum(len(ours(module)) for module in modules()) > 100


@for_each("module", modules(), ids=ids)
def test_no_streamlit(module):
    assert not [one for one in module.imports if below(one.module, "streamlit")]


@for_each("module", [one for one in modules() if not one.name.startswith(MAY_USE_TORCH)], ids=ids)
def test_only_the_engine_loads_torch(module):
    heavy = [
        one
        for one in module.imports
        if one.module.split(".")[0] in TORCH_WORLD or one.module.startswith(MAY_USE_TORCH)
    ]
    if any(below(module.name, one) for one in JOINERS):
        heavy = [one for one in heavy if one.at_load]
    assert not heavy


@for_each("module", [one for one in modules() if one.name != "rft_core"], ids=ids)
def test_imports_point_down(module):
    others = [
        one
        for one in ours(module)
        if one.module == "rft_core" or room(one.module) != room(module.name)
    ]
    if module.path.name == "__init__.py":
        # the door of a room takes lazy_door from there, and nothing else: test_doors.py
        others = [one for one in others if one.module != "rft_core"]
    assert not [one for one in others if floor(one.module) >= floor(module.name)]


@pytest.mark.parametrize(
    ("package", "strangers"),
    [
        (
            "rft_core.engine",
            ("rft_core.worker", "rft_core.store", "rft_core.report", "rft_core.cli", "sqlalchemy"),
        ),
        ("rft_core.worker", ("rft_core.engine", "rft_core.report")),
        ("rft_core.store", ("rft_core.engine", "rft_core.worker", "rft_core.report")),
        ("rft_core.report", ("rft_core.engine", "rft_core.worker")),
        ("rft_core.metrics", ("rft_core.store", "sqlalchemy", "torch")),
        ("rft_core.spec.schedules", ("pydantic", "torch", "rft_core")),
    ],
)
def test_who_must_not_know_whom(package, strangers):
    listed = [module for module in modules() if below(module.name, package)]
    assert listed
    met = [
        (module.name, one)
        for module in listed
        for one in module.imports
        if any(below(one.module, s) for s in strangers)
    ]
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


@pytest.mark.parametrize(
    "name",
    [
        "rft_core",
        "rft_core.cli",
        "rft_core.worker.loop",
        "rft_core.report.comparison.compare",
        "rft_core.worker.foreground",
    ],
)
def test_no_torch_is_loaded(name):
    check = f"import sys, {name}; print(sorted(set({sorted(TORCH_WORLD)!r}) & sys.modules.keys()))"
    result = subprocess.run(
        [sys.executable, "-c", check], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
