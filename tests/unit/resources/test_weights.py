"""rft_core.resources.weights: whether weights can be had, without loading anything."""

import socket
import time

import pytest

from rft_core.resources import weights
from rft_core.resources.weights import backbone_here, hub_cache, network_is_up

NAME = "test_vit.r160_in1k"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    """The user's own caches are empty folders, and nothing is set that trusts
    or forbids a network.
    """
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in (
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HF_HUB_OFFLINE",
        "HF_ENDPOINT",
    ):
        monkeypatch.delenv(name, raising=False)


def put(folder, name="model.safetensors", hub_id=f"timm/{NAME}"):
    place = folder / f"models--{hub_id.replace('/', '--')}" / "snapshots" / "abc"
    place.mkdir(parents=True)
    (place / name).write_bytes(b"weights")


@pytest.mark.parametrize("online", [True, False])
def test_embedded_backbones_are_always_here(home, online):
    assert backbone_here("bloom_vit", home, online=online) == weights.Availability(True, "embedded")


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("place", ["home", "own"])
def test_weights_that_are_here_are_usable_without_a_network(home, tmp_path, place, file):
    folder = home.weights if place == "home" else tmp_path / "own"
    put(folder, file)
    found = backbone_here(NAME, home, online=False)
    assert found.usable
    assert found.reason == f"here, in {folder}"


def test_a_download_that_was_broken_off_is_not_here(home):
    place = home.weights / f"models--timm--{NAME}"
    (place / "blobs").mkdir(parents=True)
    (place / "blobs" / "abc.incomplete").write_bytes(b"half")
    (place / "snapshots" / "abc").mkdir(parents=True)
    (place / "snapshots" / "abc" / "model.safetensors").symlink_to(place / "blobs" / "gone")
    (place / "snapshots" / "abc" / "config.json").write_text("{}")
    assert not backbone_here(NAME, home, online=False).usable


def test_weights_that_must_be_fetched(home):
    assert backbone_here("resnet18.a1_in1k", home, online=True) == weights.Availability(
        True, "needs a download of about 47 MB"
    )
    offline = backbone_here("resnet18.a1_in1k", home, online=False)
    assert not offline.usable
    assert (
        offline.reason
        == "not here (about 47 MB), and the hub cannot be reached; pick an embedded backbone or one"
        " that is already here, or start from random weights"
    )


def test_weights_with_an_address_of_their_own(home, tmp_path):
    assert not backbone_here("legacy_seresnet18", home, online=False).usable
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "seresnet18-4bb0ce65.pth").write_bytes(b"weights")
    assert backbone_here("legacy_seresnet18", home, online=False).usable


def test_an_unknown_name_and_one_without_weights(home, monkeypatch):
    unknown = backbone_here("resnet5", home, online=True)
    assert not unknown.usable
    assert "names near it: resnet50, " in unknown.reason
    refused = backbone_here("qwen3_vit_88m_enc", home, online=True)
    assert not refused.usable
    assert "cannot be fine-tuned: it has no classification head" in refused.reason
    monkeypatch.setattr(
        weights, "facts", lambda name: type("Facts", (), {"hub_id": "", "refusal": ""})
    )
    assert (
        backbone_here("resnet18d", home, online=True).reason
        == "no weights were published for 'resnet18d'; start from random weights"
    )


def test_the_network_is_only_asked_when_it_decides(home, monkeypatch):
    asked = []
    monkeypatch.setattr(weights, "network_is_up", lambda **_: bool(asked.append(1)))
    put(home.weights)
    assert backbone_here(NAME, home).usable
    assert not asked
    assert not backbone_here("resnet18", home).usable
    assert asked == [1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_the_users_own_cache(values, expected):
    assert str(hub_cache(values)) == expected


class TestNetwork:
    def test_a_hub_that_answers_and_one_that_does_not(self, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"http://127.0.0.1:{server.getsockname()[1]}"
            assert network_is_up(hub=address)
            monkeypatch.setenv("HF_ENDPOINT", address)
            assert network_is_up()
            monkeypatch.setenv("HF_HUB_OFFLINE", "1")
            assert not network_is_up()
        assert not network_is_up(hub=address)

    def test_a_proxy_is_trusted(self, monkeypatch):
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        assert network_is_up(hub="http://127.0.0.1:1")

    def test_a_name_server_that_is_silent_does_not_hold_anything_up(self, monkeypatch):
        def silent(*_, **__):
            time.sleep(3)
            raise TimeoutError

        monkeypatch.setattr(weights.socket, "create_connection", silent)
        started = time.monotonic()
        assert not network_is_up(timeout=0.2)
        assert time.monotonic() - started < 2
