"""Files of weights that are refused: by what they hold, or because they cannot be read safely."""

import pickle

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.containers import read_weights
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.errors import WeightsError
from tests.unit.engine.models.small_resnet import load, resnet


class TestRefusals:
    def test_another_architecture_is_recognised(self, tmp_path):
        write_tensors(tmp_path / "vit.safetensors", timm.create_model("test_vit").state_dict(), {})
        with pytest.raises(WeightsError) as caught:
            load(resnet(), tmp_path / "vit.safetensors")
        message = str(caught.value)
        assert "vit.safetensors does not fit this backbone: 0 of" in message
        assert "keys missing (conv1.0.weight, " in message
        assert "unexpected (" in message
        assert "it looks like test_vit.r160_in1k: set model.backbone to that" in message

    def test_an_architecture_that_is_not_on_the_menu(self, tmp_path):
        write_tensors(
            tmp_path / "w.safetensors",
            {"a.weight": torch.zeros(2, 2), "b.weight": torch.zeros(2, 2)},
            {},
        )
        with pytest.raises(
            WeightsError,
            match=(
                "2 unexpected .a.weight, b.weight.; it does not look like any backbone of the menu:"
                " its top-level keys are a, b, .*; choose the architecture"
            ),
        ):
            load(resnet(), tmp_path / "w.safetensors")

    def test_one_missing_tensor_is_enough(self, tmp_path):
        tensors = resnet().state_dict()
        del tensors["layer2.0.conv1.weight"]
        write_tensors(tmp_path / "w.safetensors", tensors, {})
        with pytest.raises(
            WeightsError, match="1 keys missing .layer2.0.conv1.weight., 0 of another shape"
        ):
            load(resnet(), tmp_path / "w.safetensors")

    def test_another_width(self, tmp_path):
        source = resnet()
        source.layer1[0].conv1 = nn.Conv2d(3, 3, 3, bias=False)
        write_tensors(tmp_path / "w.safetensors", source.state_dict(), {})
        with pytest.raises(WeightsError, match="1 of another shape .layer1.0.conv1.weight"):
            load(resnet(), tmp_path / "w.safetensors")

    def test_numbers_that_are_not_finite(self, tmp_path):
        tensors = resnet().state_dict()
        tensors["layer2.0.conv1.weight"][0] = torch.nan
        write_tensors(tmp_path / "w.safetensors", tensors, {})
        with pytest.raises(WeightsError, match="not finite .layer2.0.conv1.weight"):
            load(resnet(), tmp_path / "w.safetensors")

    def test_nothing_is_unpickled(self, tmp_path):
        marker = tmp_path / "was-here"
        (tmp_path / "w.pt").write_bytes(pickle.dumps(Trap(str(marker))))
        torch.save(
            {"state_dict": resnet().state_dict(), "trap": Trap(str(marker))}, tmp_path / "zip.pt"
        )
        for name in ("w.pt", "zip.pt"):
            with pytest.raises(
                WeightsError,
                match=(
                    f"{name} is not loaded: it holds more than tensors.*torch.save.model.state_dict"
                ),
            ):
                read_weights(tmp_path / name)
        assert not marker.exists()

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("w.safetensors", None, "w.safetensors cannot be read as safetensors"),
            ("w.safetensors", b"no weights", "w.safetensors cannot be read as safetensors"),
            ("w.pt", None, "w.pt cannot be read as a torch checkpoint"),
            ("w.pt", b"<html>quota exceeded</html>", "w.pt is a web page, not weights"),
            ("w.pt", b"garbage", "w.pt"),
            ("w.pt", b"", "w.pt cannot be read"),
            ("w.h5", b"weights", "w.h5 is not a kind of checkpoint"),
        ],
    )
    def test_a_file_that_cannot_be_read(self, tmp_path, name, content, message):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=message):
            read_weights(tmp_path / name)

    def test_no_weights_by_name(self, tmp_path):
        torch.save([torch.zeros(2)], tmp_path / "w.pt")
        with pytest.raises(WeightsError, match="holds no weights by name"):
            read_weights(tmp_path / "w.pt")


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")
