"""A ViT, a ConvNeXt and a ResNet of timm at 224 pixels, new and from a file: two optimiser
steps of every strategy.
"""

import pytest

from docs.studies.backbones import pictures, run
from rft_core.engine.models.run_checkpoint import read_tensors
from rft_core.spec import catalog

BACKBONES = ("test_vit", "test_convnext", "test_resnet")
# bottlenecks and factors have their places in transformer and ConvNeXt blocks
NO_PLACE = {("test_resnet", name) for name in ("adapter", "compacter", "ia3")}
PAIRS = [(backbone, row.name) for backbone in BACKBONES for row in catalog.STRATEGIES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("at-224")
    pictures(place)
    return place


@pytest.fixture(scope="module")
def file(folder):
    """The weights that a run of test_convnext left."""
    run(folder, "test_convnext", "full_finetune", batch=2)
    return folder / "test_convnext-full_finetune" / "model.safetensors"


@pytest.mark.parametrize(("backbone", "strategy"), PAIRS)
def test_two_steps(home, folder, backbone, strategy):
    found = run(folder, backbone, strategy, batch=2)
    if (backbone, strategy) in NO_PLACE:
        assert f"the strategy '{strategy}' looks for" in found["refused"]
    else:
        assert found["steps"] == 2


@pytest.mark.parametrize("strategy", ["full_finetune", "bitfit", "lora"])
def test_two_steps_from_a_file(home, folder, file, strategy):
    assert run(folder, "test_convnext", strategy, str(file), batch=2)["steps"] == 2


def test_a_linear_probe_from_a_file_keeps_the_files_backbone(home, folder, file):
    run(folder, "test_convnext", "linear_probe", str(file), batch=2)
    given, kept = (
        read_tensors(path)[0]
        for path in (file, folder / "test_convnext-linear_probe-file" / "model.safetensors")
    )
    assert all(
        (tensor == kept[name]).all()
        for name, tensor in given.items()
        if not name.startswith("backbone.head.fc.")
    )
