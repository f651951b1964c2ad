"""rft_core.engine.models.timm_models: weights brought here from a hub, a small one of this machine
that breaks connections.
"""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save

from rft_core.engine.models import timm_models
from rft_core.engine.models.build import build_model
from rft_core.errors import WeightsError
from rft_core.resources.weights import backbone_here
from rft_core.spec.sections import ModelSpec

NAME = "test_resnet.r160_in1k"


class Hub(ThreadingHTTPServer):
    """Serves one file of weights; the first `breaks` downloads end halfway, and `starts`
    keeps where each began.
    """

    def __init__(self, content: bytes, breaks: int = 0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.breaks = content, breaks
        self.starts: list[int] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def headers_for(self, start: int) -> bool:
        if self.path != f"/timm/{NAME}/resolve/main/model.safetensors":
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", "1" * 40)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(self.server.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(self.server.content) - start))
        if start:
            self.send_header(
                "Content-Range",
                f"bytes {start}-{len(self.server.content) - 1}/{len(self.server.content)}",
            )
        self.end_headers()
        return True

    def do_HEAD(self):
        self.headers_for(0)

    def do_GET(self):
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-") or 0)
        if not self.headers_for(start):
            return
        self.server.starts.append(start)
        rest = self.server.content[start:]
        if self.server.breaks:
            self.server.breaks -= 1
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, *_: object):
        """Stay silent."""


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {
        name: tensor.contiguous() for name, tensor in timm.create_model(NAME).state_dict().items()
    }


@pytest.fixture
def hub(weights, home, tmp_path, monkeypatch):
    """A hub with the weights; nothing is cached and no proxy is set."""
    for name in (
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "own"))
    server = Hub(save(weights))
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        server.address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    # what is kept of a broken download is whole chunks, of 10 MB each, which is more
    # than these weights have
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 65_536)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def make(notify=lambda text: None):
    return build_model(
        ModelSpec(backbone=NAME), num_classes=3, image_size=160, seed=0, notify=notify
    )


def test_weights_are_fetched_into_the_home_and_then_used_without_a_network(hub, home, weights):
    notes: list[str] = []
    model = make(notes.append)
    assert torch.equal(model.backbone.layer1[0].conv1.weight, weights["layer1.0.conv1.weight"])
    assert notes[-1].startswith(f"downloading the weights of {NAME}: ")
    assert notes[-1].endswith("100 %")
    assert list((home.weights / f"models--timm--{NAME}").glob("snapshots/*/model.safetensors"))
    assert backbone_here(NAME, home, online=False).usable
    hub.shutdown()
    hub.server_close()
    again: list[str] = []
    assert torch.equal(
        make(again.append).backbone.layer1[0].conv1.weight, model.backbone.layer1[0].conv1.weight
    )
    assert not again


def test_a_broken_download_goes_on_where_it_stopped(hub, home, weights):
    hub.breaks = 1
    model = make()
    assert hub.starts[0] == 0
    # further on than half of the file, less what was under way in a buffer
    assert 0 < hub.starts[1] <= len(hub.content) // 2
    assert torch.equal(model.backbone.layer1[0].conv1.weight, weights["layer1.0.conv1.weight"])


def test_a_download_that_never_ends_well_leaves_nothing_that_counts(hub, home, monkeypatch):
    hub.breaks = 1000
    with pytest.raises(WeightsError, match=f"the weights of '{NAME}' cannot be fetched"):
        make()
    assert not backbone_here(NAME, home, online=False).usable
    hub.breaks = 0
    assert make().backbone.layer1[0].conv1.weight.isfinite().all()
    assert max(hub.starts) > 0


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_weights_in_the_own_cache_of_the_user_are_used(hub, home, tmp_path, weights, file):
    place = tmp_path / "own" / f"models--timm--{NAME}"
    snapshot = place / "snapshots" / ("1" * 40)
    snapshot.mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("1" * 40)
    torch.save(weights, snapshot / file) if file.endswith(".bin") else (
        snapshot / file
    ).write_bytes(save(weights))
    hub.shutdown()
    hub.server_close()
    assert torch.equal(make().backbone.layer1[0].conv1.weight, weights["layer1.0.conv1.weight"])
    assert not hub.starts
    assert not home.weights.exists()


def test_no_weights_were_published():
    with pytest.raises(
        WeightsError, match="no weights were published for 'resnet18.*choose one of its tags"
    ):
        raise_for("")


def raise_for(where: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timm_models, "_hub_id", lambda name: where)
        timm_models.check_weights("resnet18")


def test_lines_come_every_two_seconds(monkeypatch):
    now, notes = [100.0], []
    monkeypatch.setattr(timm_models.time, "monotonic", lambda: now[0])
    bar = timm_models.progress_lines("x", notes.append)(total=50_000_000, unit="B")
    for _ in range(9):
        now[0] += 0.9
        bar.update(5_000_000)
    bar.update(5_000_000)
    assert notes == [
        "downloading the weights of x: 15 MB, 30 %",
        "downloading the weights of x: 30 MB, 60 %",
        "downloading the weights of x: 45 MB, 90 %",
        "downloading the weights of x: 50 MB, 100 %",
    ]
