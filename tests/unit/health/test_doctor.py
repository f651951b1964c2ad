"""rft_core.health.doctor: says what is wrong and how to repair it."""

import importlib.metadata
from pathlib import Path

import pytest

from rft_core.errors import WeightsError
from rft_core.health import doctor
from rft_core.health.doctor import examine


def checks(check_weights=None):
    def fine(name):
        return Path(f"{name}.safetensors")

    return {check.name: check for check in examine(check_weights or fine)}


def test_what_is_looked_at(home):
    found = checks()
    assert {
        "python",
        "packages",
        "torch",
        "devices",
        "home",
        "store",
        "worker",
        "weights bloom_resnet",
        "recorded runs",
    } <= set(found)
    assert all(
        found[name].ok
        for name in (
            "python",
            "torch",
            "devices",
            "home",
            "store",
            "worker",
            "weights bloom_vit",
            "recorded runs",
        )
    )
    assert all(check.repair for check in found.values() if not check.ok)


def test_damaged_weights(home):
    def damaged(name):
        raise WeightsError(f"the embedded weights {name} are damaged")

    check = checks(damaged)["weights bloom_vit"]
    assert not check.ok
    assert "damaged" in check.found
    assert "git checkout" in check.repair


def test_a_store_that_cannot_be_opened(home, monkeypatch):
    monkeypatch.setenv("RFT_STORE", "nonsense")
    check = checks()["store"]
    assert not check.ok
    assert "nonsense" in check.found


@pytest.mark.parametrize(
    ("version", "ok"), [("1.0.31", True), ("1.0.31+local", True), ("0.9", False)]
)
def test_another_version(home, monkeypatch, tmp_path, version, ok):
    (tmp_path / "requirements.txt").write_text("# a reason\ntimm==1.0.31\n")
    monkeypatch.setattr(doctor, "CHECKOUT", tmp_path)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    check = checks()["packages"]
    assert check.ok == ok
    if not ok:
        assert check.found == "timm 0.9, wanted 1.0.31"
