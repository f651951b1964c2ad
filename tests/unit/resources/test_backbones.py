"""rft_core.resources.backbones: what is known of a backbone before it is built."""

import pytest

from rft_core.errors import SettingError, UnknownNameError
from rft_core.resources.backbones import (
    PROGRAM_BYTES,
    check_backbone,
    current_name,
    facts,
    near_names,
    renaming,
    search,
    training_memory,
)
from rft_core.spec import catalog


def test_facts_of_weights():
    found = facts("convnext_base.clip_laion2b")
    assert (found.parameters, found.image_size, found.licence, found.tier) == (
        88_222_464,
        256,
        "apache-2.0",
        "paper",
    )
    assert found.hub_id == "timm/convnext_base.clip_laion2b"
    assert found.download_bytes == 4 * found.parameters
    assert found.activations > found.frozen_activations > 0


def test_facts_of_an_architecture_are_those_of_its_default_weights():
    assert facts("resnet18").parameters == 11_689_512
    assert facts("resnet18").hub_id == "timm/resnet18.a1_in1k"
    # ResNet-18 is known to take 1.8 billion multiply-adds at 224 pixels (He et
    # al., CVPR 2016, table 1)
    assert facts("resnet18").macs == pytest.approx(1.8e9, rel=0.02)
    assert facts("resnet18").tier == ""


def test_facts_of_weights_at_another_size():
    assert (facts("resnet18.a3_in1k").image_size, facts("resnet18.a1_in1k").image_size) == (
        160,
        224,
    )
    assert facts("resnet18.a3_in1k").macs < facts("resnet18.a1_in1k").macs


def test_facts_of_embedded_backbones():
    robust = facts("bloom_resnet_robust")
    assert (robust.image_size, robust.licence, robust.hub_id, robust.tier, robust.is_robust) == (
        32,
        "MIT",
        "",
        "instant",
        True,
    )
    assert not facts("bloom_vit").is_robust


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("legacy_seresnet18.in1k", "https://github.com/"),
        ("coat_lite_medium_384", "timm/coat_lite_medium_384.in1k"),
    ],
)
def test_where_weights_are(name, hub):
    assert facts(name).hub_id.startswith(hub)


@pytest.mark.parametrize("name", ["resnet5", "resnet18.nothing", "bloom", "", ".", "resnet18."])
def test_an_unknown_name(name):
    assert facts(name) is None


@pytest.mark.parametrize("row", catalog.BACKBONES, ids=lambda row: row.name)
def test_every_row_of_the_menu_is_known(row):
    found = facts(row.name)
    assert (found.tier, found.is_robust) == (row.tier, row.is_robust)
    assert found.parameters
    assert found.macs
    assert found.licence
    assert bool(found.hub_id) == (row.name not in catalog.EMBEDDED_BACKBONES)


def test_tiers_are_what_they_say():
    sizes = {
        tier: [facts(row.name).parameters for row in catalog.BACKBONES if row.tier == tier]
        for tier in ("instant", "laptop", "paper")
    }
    assert max(sizes["instant"]) < 1e6 < min(sizes["laptop"])
    assert max(sizes["laptop"]) < 2.5e7 < min(sizes["paper"])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("bloom_vit", "bloom_vit"),
        ("tiny vit 224", "vit_tiny_patch16_224.augreg_in21k_ft_in1k"),
        ("ResNet50", "resnet50.a1_in1k"),
        ("resnet18.a1", "resnet18.a1_in1k"),
        ("laion convnext base", "convnext_base.clip_laion2b"),
        ("convnxt atto", "convnext_atto.d2_in1k"),
        ("mobilnetv3 small", "mobilenetv3_small_100.lamb_in1k"),
    ],
)
def test_search(text, first):
    assert search(text)[0] == first


def test_search_takes_every_word_and_keeps_its_limit():
    assert all("vit" in name and "224" in name for name in search("vit 224", limit=100))
    assert len(search("", limit=7)) == 7
    assert search("", limit=4) == [row.name for row in catalog.BACKBONES[:4]]
    assert search("qqqqqqqq") == []


def test_every_name_that_is_found_is_known():
    assert all(facts(name) for name in search("", limit=10_000))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("vit_base_patch16_224_in21k", "vit_base_patch16_224.augreg_in21k"),
        ("tf_efficientnet_b0_ns", "tf_efficientnet_b0.ns_jft_in1k"),
        ("convnext_base_in22ft1k", "convnext_base.fb_in22k_ft_in1k"),
        ("vit_base_patch16_224_sam", "vit_base_patch16_224.sam_in1k"),
        ("timm/resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("hf-hub:timm/vit_base_patch16_224_in21k", "vit_base_patch16_224.augreg_in21k"),
        (" resnet18 ", "resnet18"),
    ],
)
def test_renamings_of_timm_and_names_of_the_hub_are_followed(old, new):
    assert current_name(old) == new
    assert renaming(old) == f"the backbone '{old}' is called '{new}' in timm now"
    assert facts(old) == facts(new)
    assert search(old) == search(new)
    check_backbone(old)


@pytest.mark.parametrize(
    "name", ["resnet18", "bloom_vit", "no_such_name", "", "convnext_base.clip_laion2b"]
)
def test_any_other_name_stays_as_it_is(name):
    assert current_name(name) == name
    assert renaming(name) == ""


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("resnet5", "resnet50"),
        ("ResNet50", "resnet50"),
        ("resnet-50", "resnet50"),
        ("google/vit-base-patch16-224", "vit_base_patch16_224"),
        ("bloom_convnxt", "bloom_convnext"),
        ("resnet18.a1_in1", "resnet18.a1_in1k"),
        ("vit_small_patch16_224.augreg", "vit_small_patch16_224.augreg_in1k"),
    ],
)
def test_the_nearest_of_ten_names(name, nearest):
    near = near_names(name)
    assert near[0] == nearest
    assert len(set(near)) == 10
    with pytest.raises(
        UnknownNameError,
        match=f"model.backbone: unknown backbone '{name}', did you mean '{nearest}'.",
    ) as caught:
        check_backbone(name)
    assert all(other in str(caught.value) for other in near)


@pytest.mark.parametrize("name", ["qqqqqqqqqq", "", "x" * 10_000, "\u202eresnet", "...."])
def test_a_name_like_no_other_gives_a_short_message(name):
    with pytest.raises(UnknownNameError) as caught:
        check_backbone(name)
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_an_architecture_that_cannot_be_fine_tuned():
    with pytest.raises(
        SettingError,
        match="model.backbone cannot be fine-tuned: it has no classification head.*choose another",
    ):
        check_backbone("deepseek_vit_412m_enc")
    assert facts("resnet18").refusal == ""


class TestTrainingMemory:
    def memory(self, name="resnet18", batch_size=8, **settings):
        return training_memory(name, batch_size=batch_size, **settings)

    def test_the_formula(self):
        found = facts("resnet18")
        expected = PROGRAM_BYTES + 4 * (
            4 * found.parameters + 8 * (1.4 * found.activations + 6 * 3 * 224**2)
        )
        assert self.memory() == pytest.approx(expected, abs=2)

    def test_more_of_anything_takes_more(self):
        assert self.memory(batch_size=16) > self.memory() > self.memory(batch_size=4)
        assert self.memory(image_size=448) > self.memory()
        assert self.memory(objective="trades") > self.memory()
        assert (
            self.memory("vit_tiny_patch16_224", strategy="linear_probe")
            < self.memory("vit_tiny_patch16_224", strategy="adapter")
            < self.memory("vit_tiny_patch16_224")
        )

    def test_a_strategy_that_is_on_no_menu(self):
        with pytest.raises(UnknownNameError, match="unknown strategy 'lorra', did you mean 'lora'"):
            self.memory(strategy="lorra")

    def test_what_is_not_known(self):
        assert self.memory("resnet5") is None
