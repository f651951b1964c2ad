"""rft_core.engine.models.hub_access: a missing network is found out at once, and said."""

import socket

import pytest
from huggingface_hub import constants

from rft_core.engine.models import hub_access
from rft_core.engine.models.build import build_model
from rft_core.engine.models.hub_access import is_reachable, offline
from rft_core.errors import WeightsError
from rft_core.spec.sections import ModelSpec


@pytest.fixture
def listener(monkeypatch):
    """A port of this machine that answers; the hub's address points to it, and no proxy is set."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


def test_a_hub_that_answers(listener):
    assert is_reachable()


def test_a_hub_that_does_not(listener):
    listener.close()
    assert not is_reachable()


def test_a_proxy_is_trusted(listener, monkeypatch):
    listener.close()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert is_reachable()


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("wanted", [False, True])
def test_the_setting_is_restored(monkeypatch, before, wanted):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", before)
    with offline(wanted):
        assert (before or wanted) == constants.HF_HUB_OFFLINE
    assert before == constants.HF_HUB_OFFLINE


def test_the_offline_setting_is_obeyed(listener, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_reachable()


def test_weights_that_are_not_cached_without_a_network(monkeypatch, home, tmp_path):
    monkeypatch.setattr(hub_access, "is_reachable", lambda *_: False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        WeightsError,
        match="the hub cannot be reached and they are not in the cache.*model.pretrained to false",
    ):
        build_model(ModelSpec(backbone="test_resnet"), num_classes=3, image_size=160, seed=0)
