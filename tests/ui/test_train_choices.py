"""The Train page's choice of model through app.py: every state of the menu."""

from dataclasses import dataclass

import pytest

from rft_core.jobs import dataset_cards
from rft_core.resources import backbones
from rft_core.resources.weights import Availability
from rft_core.spec import catalog
from tests.ui.dashboard import TRAIN, open_app, read_aloud
from tests.ui.dataset_rows import labels

TIMM = ("swin_tiny_patch4_window7_224.ms_in1k", "swin_small_patch4_window7_224.ms_in1k")


@dataclass(frozen=True)
class Facts:
    parameters: int = 28_300_000
    image_size: int = 224
    licence: str = "MIT"
    tier: str = ""
    is_robust: bool = False
    refusal: str = ""


@pytest.fixture
def zoo(monkeypatch):
    """A small index of backbones: the embedded ones, one of them robust, and two of
    timm that are not here.
    """
    embedded = {
        row.name: Facts(470_000, 32, "MIT", "instant", row.name.endswith("_robust"))
        for row in catalog.BACKBONES
        if row.name.startswith("bloom")
    }
    index = embedded | {name: Facts() for name in TIMM}
    monkeypatch.setattr(backbones, "facts", index.get)
    monkeypatch.setattr(dataset_cards, "facts", index.get)
    monkeypatch.setattr(
        backbones,
        "search",
        lambda text, limit=30: [
            name for name in TIMM if all(word in name for word in text.split())
        ][:limit],
    )
    monkeypatch.setattr(
        backbones,
        "training_memory",
        lambda name, *, image_size, batch_size, strategy, objective: 2_000_000 * batch_size,
    )
    offline = Availability(
        False, "not here (about 113 MB), and the hub cannot be reached; pick an embedded one"
    )
    monkeypatch.setattr(
        "rft_core.resources.weights.backbone_here",
        lambda name, home: Availability(True, "embedded") if name in embedded else offline,
    )


class TestBackbone:
    def test_the_menu_shows_size_and_tier_and_what_is_chosen(self, store, zoo):
        app = open_app(TRAIN)
        assert "Bloom ViT · 470 k · instant" in labels(app, "train.model.backbone")
        said = read_aloud(app)
        assert (
            "470 k parameters · 32 pixels · licence MIT · about 128 MB of memory at batch 64"
            in said
        )
        assert "Weights: embedded." in said

    def test_memory_follows_the_batch_size(self, store, zoo):
        app = open_app(TRAIN)
        app.number_input(key="train.optim.batch_size").set_value(8).run()
        assert "about 16 MB of memory at batch 8" in read_aloud(app)

    def test_any_timm_model_is_found_by_words_and_launch_says_why_not_offline(self, store, zoo):
        app = open_app(TRAIN)
        app.selectbox(key="train.model.backbone").set_value("any timm model").run()
        assert app.button(key="train.launch").disabled
        app.text_input(key="train.backbone_search").set_value("swin small").run()
        assert not app.exception
        assert labels(app, "train.backbone_match") == [
            "swin_small_patch4_window7_224.ms_in1k · 28.3 M · 224 pixels"
        ]
        assert app.button(key="train.launch").disabled
        assert app.button(key="train.trio").disabled
        assert "the hub cannot be reached" in app.button(key="train.launch").help
        assert "the hub cannot be reached" in read_aloud(app)

    def test_random_weights_need_no_hub(self, store, zoo):
        app = open_app(TRAIN)
        app.selectbox(key="train.model.backbone").set_value("any timm model").run()
        app.text_input(key="train.backbone_search").set_value("swin tiny").run()
        app.toggle(key="train.model.pretrained").set_value(False).run()
        assert "Weights: random" in read_aloud(app)
        app.button(key="train.launch").click().run()
        (record,) = store.records()
        assert (record.spec.model.backbone, record.spec.model.pretrained) == (TIMM[0], False)

    def test_a_checkpoint_by_path_is_looked_for(self, store, zoo, tmp_path):
        file = tmp_path / "robust.safetensors"
        app = open_app(TRAIN)
        app.text_input(key="train.model.checkpoint").set_value(str(file)).run()
        assert f"there is no file '{file}'" in app.button(key="train.launch").help
        file.touch()
        app.run()
        assert "Weights: from the file robust.safetensors." in read_aloud(app)
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.model.checkpoint == str(file)

    def test_a_name_that_is_nowhere_is_said(self, store, zoo):
        app = open_app(TRAIN)
        app.selectbox(key="train.model.backbone").set_value("any timm model").run()
        app.text_input(key="train.backbone_search").set_value("zzz").run()
        assert "no timm model matches 'zzz'; try fewer words, or one of " in app.error[0].value

    @pytest.mark.parametrize("pretrained", [True, False])
    def test_an_architecture_without_a_head_is_refused_before_launch(self, store, pretrained):
        app = open_app(TRAIN)
        app.selectbox(key="train.model.backbone").set_value("any timm model").run()
        app.toggle(key="train.model.pretrained").set_value(pretrained).run()
        app.text_input(key="train.backbone_search").set_value("qwen3_vit_88m_enc").run()
        assert app.button(key="train.launch").disabled
        assert "cannot be fine-tuned, since it has no classification head" in read_aloud(app)

    def test_an_earlier_name_of_timm_is_followed_and_said(self, store):
        app = open_app(TRAIN)
        app.selectbox(key="train.model.backbone").set_value("any timm model").run()
        app.toggle(key="train.model.pretrained").set_value(False).run()
        app.text_input(key="train.backbone_search").set_value("tf_efficientnet_b0_ns").run()
        assert app.selectbox(key="train.backbone_match").value == "tf_efficientnet_b0.ns_jft_in1k"
        assert (
            "'tf_efficientnet_b0_ns' is called 'tf_efficientnet_b0.ns_jft_in1k' in timm now"
            in read_aloud(app)
        )
        app.button(key="train.launch").click().run()
        assert store.records()[0].spec.model.backbone == "tf_efficientnet_b0.ns_jft_in1k"

    def test_a_robust_backbone_is_advised_a_constant_schedule_in_one_click(self, store, zoo):
        app = open_app(TRAIN)
        assert "already robust" not in read_aloud(app)
        app.selectbox(key="train.model.backbone").set_value("bloom_resnet_robust").run()
        assert "already robust, so a schedule costs robustness" in read_aloud(app)
        app.button(key="form.constant").click().run()
        assert app.selectbox(key="train.schedule.kind").value == "constant"
        assert "already robust" not in read_aloud(app)


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (0.25, "Measuring during training takes about 18.2 % of the run (at most 25 %)."),
        (
            0.1,
            (
                "Measuring during training takes about 8.5 % of the run (at most 10 %): 5 of 12"
                " measurements, to stay within it."
            ),
        ),
        (
            0.01,
            (
                "Measuring during training takes about 3.6 % of the run: more than 1 %, because"
                " the first and the last measurement are always made."
            ),
        ),
        (1.0, "Measuring during training takes about 18.2 % of the run."),
    ],
)
def test_the_bound_on_measuring_is_shown_and_set(store, bound, said):
    app = open_app(TRAIN, preset="scheduled")
    app.number_input(key="train.evaluation.tracking_share").set_value(bound).run()
    assert not app.exception
    assert said in read_aloud(app)
    app.button(key="train.launch").click().run()
    assert store.records()[0].spec.evaluation.tracking_share == bound


def test_computing_activations_again_reaches_the_spec_and_the_memory_said(store, zoo):
    app = open_app(TRAIN)
    assert "about" in [part for part in read_aloud(app).split(" · ") if "of memory" in part][0]
    app.toggle(key="train.runtime.checkpoint_activations").set_value(True).run()
    assert "less than" in [part for part in read_aloud(app).split(" · ") if "of memory" in part][0]
    app.button(key="train.launch").click().run()
    assert store.records()[0].spec.runtime.checkpoint_activations is True
