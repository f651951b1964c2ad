"""rft_core.engine.models.refusals: what is said of a file that does not fit,
and advice that helps.
"""

import pytest
import timm
import torch
from torch import nn

from rft_core.engine.models.containers import read_weights
from rft_core.engine.models.starting_weights import load_backbone
from rft_core.errors import WeightsError
from tests.unit.engine.models.foreign import as_hub_vit


def message(tmp_path, content, backbone: nn.Module) -> str:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(WeightsError) as caught:
        load_backbone(backbone, tmp_path / "w.pt")
    assert len(str(caught.value)) < 1500
    assert str(caught.value).isprintable()
    return str(caught.value)


def renamed(model: nn.Module) -> dict:
    return {
        f"net.part{index}.{name.rpartition('.')[2]}": tensor
        for index, (name, tensor) in enumerate(model.state_dict().items())
    }


class TestTheBackboneThatIsSetIsNeverAdvised:
    @pytest.mark.parametrize("name", ["resnet18", "test_vit", "convnext_atto"])
    def test_of_a_file_without_one_of_its_tensors(self, tmp_path, name):
        model = timm.create_model(name)
        tensors = dict(model.state_dict())
        removed = [key for key in tensors if "norm" in key or "bn" in key][-1]
        del tensors[removed.rpartition(".")[0] + ".weight"]
        answer = message(tmp_path, tensors, model)
        assert "1 keys missing" in answer
        assert (
            "all of it belongs to this backbone, but it is only a part; give the whole"
            " model.state_dict()" in answer
        )
        assert "model.backbone" not in answer
        assert "architecture" not in answer

    @pytest.mark.parametrize("name", ["resnet18", "test_vit"])
    def test_of_its_own_tensors_in_an_order_that_says_nothing(self, tmp_path, name):
        model = timm.create_model(name)
        answer = message(tmp_path, dict(reversed(renamed(model).items())), model)
        assert (
            "exactly this backbone's shapes under other names, but they cannot be matched by their"
            " order" in answer
        )
        assert "model.backbone" not in answer

    def test_a_backbone_with_the_same_shapes_has_another_name_in_the_menu(self, tmp_path):
        """bloom_resnet and bloom_resnet_robust are one architecture."""
        from rft_core.engine.models.embedded import bloom_resnet

        tensors = renamed(bloom_resnet(5))
        answer = message(tmp_path, dict(reversed(tensors.items())), bloom_resnet(5))
        assert "bloom_resnet" not in answer


class TestAnotherBackboneIsAdvisedByItsShapes:
    @pytest.mark.parametrize(
        ("build", "rename", "advised"),
        [
            (lambda: timm.create_model("test_vit"), lambda all: all, "test_vit.r160_in1k"),
            (
                lambda: timm.create_model("resnet18"),
                lambda all: {f"encoder_q.{name}": value for name, value in all.items()},
                "resnet18.a1_in1k",
            ),
            (
                lambda: timm.create_model("test_vit", num_classes=3),
                as_hub_vit,
                "test_vit.r160_in1k",
            ),
        ],
        ids=["by name", "in a wrapper", "hub's names"],
    )
    def test_the_names_do_not_matter(self, tmp_path, build, rename, advised):
        answer = message(
            tmp_path, rename(dict(build().state_dict())), timm.create_model("test_convnext")
        )
        assert f"it looks like {advised}: set model.backbone to that" in answer

    def test_the_advice_helps(self, tmp_path):
        tensors = renamed(timm.create_model("test_efficientnet"))
        answer = message(tmp_path, tensors, timm.create_model("test_vit"))
        assert "it looks like test_efficientnet.r160_in1k" in answer
        load_backbone(timm.create_model("test_efficientnet"), tmp_path / "w.pt")

    def test_not_a_backbone_of_which_it_only_holds_a_part(self, tmp_path):
        """A deeper network holds all the shapes of a shallower one of its widths."""
        tensors = dict(timm.create_model("resnet34").state_dict())
        answer = message(tmp_path, tensors, timm.create_model("test_vit"))
        assert "looks like" not in answer
        assert "it does not look like any backbone of the menu" in answer


class TestMoreLayersThanTheBackbone:
    """Without its last blocks a network has other features, though every tensor
    that is wanted is there.
    """

    @pytest.mark.parametrize(
        ("theirs", "ours", "more", "advised"),
        [
            ("resnet34", "resnet18", "layer1.2.conv1.weight", ""),
            ("resnet18", "resnet10t", "", "resnet18.a1_in1k"),
            (
                "vit_tiny_patch16_224",
                "shallow",
                "blocks.2.norm1.weight",
                "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
            ),
        ],
    )
    def test_it_is_not_loaded(self, tmp_path, theirs, ours, more, advised):
        backbone = (
            timm.create_model("vit_tiny_patch16_224", depth=2)
            if ours == "shallow"
            else timm.create_model(ours)
        )
        answer = message(tmp_path, dict(timm.create_model(theirs).state_dict()), backbone)
        assert more in answer
        assert ("it has more layers than this backbone" in answer) == bool(more)
        assert (f"it looks like {advised}: set model.backbone" in answer) == bool(advised)

    def test_a_decoder_beside_the_blocks_is_left_out_and_named(self, tmp_path):
        source, model = timm.create_model("test_vit"), timm.create_model("test_vit")
        decoder = {f"decoder_blocks.{index}.weight": torch.zeros(2) for index in range(20)}
        torch.save({"model": dict(source.state_dict()) | decoder}, tmp_path / "mae.pth")
        notes = []
        load_backbone(model, tmp_path / "mae.pth", notify=notes.append)
        assert (
            notes[1] == "mae.pth: 20 tensors are not part of this backbone and were left out"
            " (decoder_blocks.0.weight, decoder_blocks.1.weight, decoder_blocks.2.weight, ...)"
        )


class TestWhereNothingFits:
    def test_the_top_level_keys_and_the_nearest_shape_are_named(self, tmp_path):
        tensors = {
            "features.0.weight": torch.zeros(24, 3, 3, 3),
            "features.1.weight": torch.zeros(9, 9),
            "head.weight": torch.zeros(5, 7),
        }
        answer = message(
            tmp_path, {"epoch": 1, "network": tensors}, timm.create_model("test_resnet")
        )
        assert (
            "its top-level keys below 'network' are features (2), head, and features.0.weight has"
            " the shape (24, 3, 3, 3) there" in answer
        )
        assert "there, and the nearest here is conv1.0.weight with (16, 3, 3, 3)" in answer
        assert "choose the architecture it was saved from, by its name in timm" in answer

    def test_the_same_architecture_of_another_width(self, tmp_path):
        answer = message(
            tmp_path,
            dict(timm.create_model("vit_small_patch16_224", depth=1).state_dict()),
            timm.create_model("vit_tiny_patch16_224", depth=1),
        )
        assert "cls_token has the shape (1, 1, 384) there and (1, 1, 192) here" in answer

    @pytest.mark.parametrize(
        "content",
        [
            {"epoch": 3, "history": [1, 2], "args": {"lr": 0.1}},
            [1, 2],
            {"model": {}, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}}},
        ],
    )
    def test_a_file_without_weights(self, tmp_path, content):
        torch.save(content, tmp_path / "w.pt")
        with pytest.raises(WeightsError, match="holds no weights by name") as caught:
            read_weights(tmp_path / "w.pt")
        assert ("top-level keys: epoch, history, args" in str(caught.value)) == (
            "history" in content
        )
