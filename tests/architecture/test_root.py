"""The root holds what a newcomer expects there, and nothing else."""

import subprocess

import pytest
import yaml

from tests.architecture.source import CHECKOUT

FOLDERS = {
    ".ci",
    ".streamlit",
    "assets",
    "docs",
    "examples",
    "pages",
    "rft_core",
    "tests",
}
FILES = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "app.py",
    "pyproject.toml",
    "requirements.txt",
    # the extras of the package, installed by themselves
    "requirements-postgres.txt",
    "requirements-ray.txt",
    # what git and its hooks read
    ".gitignore",
    ".pre-commit-config.yaml",
}


def git(*arguments: str) -> list[str]:
    command = ["git", "-C", str(CHECKOUT), *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("not a checkout of git")
    return found.stdout.split("\0")[:-1]


def test_the_root_holds_what_is_named_and_nothing_else():
    """Neither committed, nor lying there without being ignored."""
    paths = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    present = {path.split("/")[0] for path in paths if (CHECKOUT / path).exists()}
    assert present - FOLDERS - FILES == set()
    assert {name for name in FOLDERS | FILES if not (CHECKOUT / name).exists()} == set()


def test_the_hooks_are_the_checks_of_make_lint():
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    entries = {hook["entry"].split(" --")[0] for repo in hooks for hook in repo["hooks"]}
    lint = (CHECKOUT / "Makefile").read_text().partition("lint: setup\n")[2].partition("\n\n")[0]
    assert entries == {".venv/bin/ruff check", ".venv/bin/ruff format"}
    assert all(entry.removeprefix(".venv/bin/") in lint for entry in entries)
