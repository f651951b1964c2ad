"""rft_core.engine.models.build: any backbone by name, pixels in, logits out."""

import pytest
import torch
from torch import nn

from rft_core.engine.execution import execute
from rft_core.engine.models import timm_models
from rft_core.engine.models.build import build_model, check_weights, preprocessing
from rft_core.engine.models.normalize import NormalizedModel
from rft_core.engine.reporter import FolderReporter
from rft_core.errors import SettingError, UnknownNameError, UserError, WeightsError
from rft_core.spec import catalog
from rft_core.spec.sections import ModelSpec
from tests import tiny

EMBEDDED = list(catalog.EMBEDDED_BACKBONES)


def make(backbone="bloom_resnet", num_classes=7, image_size=32, seed=0, **settings):
    return build_model(
        ModelSpec(backbone=backbone, **{"pretrained": False} | settings),
        num_classes=num_classes,
        image_size=image_size,
        seed=seed,
    )


@pytest.mark.parametrize(
    ("backbone", "image_size"),
    [
        *[(name, 32) for name in EMBEDDED],
        ("test_vit", 32),
        ("test_vit", 64),
        ("test_resnet", 32),
        ("test_resnet", 64),
    ],
)
def test_logits_of_every_kind_of_backbone(backbone, image_size):
    model = make(backbone, image_size=image_size).eval()
    images = torch.rand(2, 3, image_size, image_size, requires_grad=True)
    logits = model(images)
    assert logits.shape == (2, 7)
    # an attack needs a gradient with respect to pixels
    assert torch.autograd.grad(logits[:, 0].sum(), images)[0].abs().max() > 0


@pytest.mark.parametrize("classes", [2, 54])
@pytest.mark.parametrize("backbone", EMBEDDED)
def test_the_head_has_as_many_outputs_as_there_are_classes(backbone, classes):
    model = make(backbone, num_classes=classes)
    assert model.backbone.get_classifier().out_features == classes
    assert sum(parameter.numel() for parameter in model.parameters()) < 500_000


@pytest.mark.parametrize("backbone", [*EMBEDDED, "test_vit"])
def test_chance_derives_from_the_seed(backbone):
    def weights(seed):
        return torch.cat(
            [parameter.flatten() for parameter in make(backbone, seed=seed).parameters()]
        )

    state = torch.random.get_rng_state()
    first = weights(0)
    torch.rand(3)
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))
    torch.random.set_rng_state(state)


def test_building_leaves_the_global_stream_alone():
    state = torch.random.get_rng_state()
    make()
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bloom_resnt", "unknown backbone 'bloom_resnt', did you mean 'bloom_resnet'?"),
        ("resnet5", "unknown backbone 'resnet5', did you mean 'resnet"),
        ("vit_small_patch16_22", "did you mean 'vit_small_patch16_224'?"),
        ("resnet18.a1_in1", "did you mean 'resnet18.a1_in1k'?"),
        ("vit_base_patch16_224.in21", "did you mean 'vit_base_patch16_224"),
    ],
)
def test_an_unknown_name_says_the_nearest(name, message):
    with pytest.raises(UnknownNameError) as caught:
        make(name)
    assert message in str(caught.value)


def test_the_nearest_names_are_ten_and_the_message_is_short():
    with pytest.raises(UnknownNameError) as caught:
        make("vit_base_patch16_224_in21kk")
    assert len(caught.value.near) == 10
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("name", "today"),
    [
        ("resnetv2_50x1_bitm_in21k", "resnetv2_50x1_bit.goog_in21k"),
        ("timm/test_resnet.r160_in1k", "test_resnet.r160_in1k"),
        ("hf_hub:timm/test_vit", "test_vit"),
    ],
)
def test_an_earlier_name_and_a_name_of_the_hub_are_followed_and_the_log_says_so(name, today):
    notes = []
    spec = ModelSpec(backbone=name, pretrained=False)
    model = build_model(spec, num_classes=3, image_size=64, seed=0, notify=notes.append)
    other = make(today, num_classes=3, image_size=64)
    assert type(model.backbone) is type(other.backbone)
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in other.state_dict().items()
    }
    assert notes == [f"the backbone '{name}' is called '{today}' in timm now"]
    assert preprocessing(name) == preprocessing(today)


@pytest.mark.parametrize(
    "name", ["qwen3_vit_88m_enc", "gemma4_vit_167m_enc", "mobilenetv5_300m_enc"]
)
def test_an_architecture_without_a_head_is_refused_before_anything_is_loaded(name):
    with pytest.raises(
        SettingError,
        match="cannot be fine-tuned: it has no classification head.*choose another one",
    ):
        check_weights(ModelSpec(backbone=name, pretrained=False))


@pytest.mark.parametrize(
    "error", [OSError("no network"), RuntimeError("cannot reach host\nlong trace")]
)
def test_weights_that_cannot_be_fetched(monkeypatch, error):
    def offline(*_, **__):
        raise error

    monkeypatch.setattr(timm_models, "fetch", lambda *_: None)
    monkeypatch.setattr(timm_models.timm, "create_model", offline)
    with pytest.raises(WeightsError) as caught:
        make("test_resnet", image_size=160, pretrained=True)
    message = str(caught.value)
    assert "the weights of 'test_resnet' cannot be fetched" in message
    assert str(error).splitlines()[0] in message
    assert "model.pretrained to false" in message
    assert "\n" not in message


def test_an_architecture_that_cannot_be_built(monkeypatch):
    def refuse(*_, **__):
        raise ValueError("widths do not fit")

    monkeypatch.setattr(timm_models.timm, "create_model", refuse)
    with pytest.raises(SettingError, match="model.backbone cannot be built: widths do not fit"):
        make("test_resnet", image_size=160)


@pytest.mark.parametrize(("backbone", "image_size"), [("bloom_vit", 64), ("bloom_convnext", 8)])
def test_an_image_size_that_the_backbone_cannot_take_is_refused_before_training(
    backbone, image_size
):
    with pytest.raises(SettingError, match="data.image_size"):
        make(backbone, image_size=image_size).eval()(torch.rand(1, 3, image_size, image_size))


@pytest.mark.parametrize("broken", [lambda logits: [logits], lambda logits: logits[:, :2]])
def test_a_backbone_without_logits_is_refused_before_training(monkeypatch, broken):
    forward = timm_models.timm.models.VisionTransformer.forward
    monkeypatch.setattr(
        timm_models.timm.models.VisionTransformer,
        "forward",
        lambda self, images: broken(forward(self, images)),
    )
    with pytest.raises(
        SettingError,
        match="model.backbone does not give logits of 7 classes, got 'test_vit'; choose another",
    ):
        make("test_vit", image_size=160)


@pytest.mark.parametrize(
    ("name", "size"), [("bloom_vit", 32), ("test_vit", 160), ("resnet50", 224)]
)
def test_preprocessing(name, size):
    expected = preprocessing(name)
    assert expected.image_size == size
    assert len(expected.mean) == len(expected.std) == 3


def test_preprocessing_is_that_of_the_weights_not_of_the_architecture():
    clip, plain = (
        preprocessing("convnext_base.clip_laion2b"),
        preprocessing("convnext_base.fb_in22k_ft_in1k"),
    )
    assert (clip.image_size, plain.image_size) == (256, 224)
    assert clip.mean != plain.mean
    assert clip.interpolation == "bicubic"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint": "/nowhere/w.pt"}, "there is no file '/nowhere/w.pt'"),
        ({"backbone": "resnet5"}, "unknown backbone 'resnet5'"),
        (
            {"backbone": "resnet18"},
            (
                "the weights of 'resnet18' cannot be fetched .the hub cannot be"
                " reached.*model.pretrained to false"
            ),
        ),
        ({"backbone": "coat_lite_medium_384"}, "cannot be fetched"),
    ],
)
def test_weights_are_checked_before_anything_is_loaded(
    monkeypatch, home, tmp_path, settings, message
):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("rft_core.engine.models.hub_access.is_reachable", lambda *_: False)
    with pytest.raises(UserError, match=message):
        check_weights(ModelSpec(**settings))


@pytest.mark.parametrize(
    "settings", [{}, {"backbone": "resnet18", "pretrained": False}, {"backbone": "bloom_vit"}]
)
def test_weights_that_are_here_need_no_network(monkeypatch, home, settings):
    monkeypatch.setattr(
        "rft_core.engine.models.hub_access.is_reachable",
        lambda *_: pytest.fail("the network was asked"),
    )
    check_weights(ModelSpec(**settings))


def test_missing_weights_raise_before_the_data_are_loaded(monkeypatch, home, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("rft_core.engine.models.hub_access.is_reachable", lambda *_: False)
    monkeypatch.setattr(
        "rft_core.engine.execution.load_dataset",
        lambda *_, **__: pytest.fail("the data were loaded"),
    )
    with pytest.raises(WeightsError, match="resnet18"):
        execute(
            tiny.run_spec(model__backbone="resnet18", model__pretrained=True),
            FolderReporter(tmp_path),
        )


def test_mean_and_std_are_inside_the_model():
    model = NormalizedModel(nn.Flatten(), (0.5, 0.25, 0.0), (0.5, 0.25, 2.0))
    logits = model(torch.ones(1, 3, 1, 1))
    assert logits.tolist() == [[1.0, 3.0, 0.5]]
    assert not model.state_dict()
