"""rft_core.spec.catalog: the menus as data."""

import pytest

from rft_core.errors import UnknownNameError
from rft_core.spec import catalog
from rft_core.spec.choice import menu


def test_the_menus():
    assert set(catalog.MENUS) == {
        "schedules",
        "strategies",
        "objectives",
        "attacks",
        "datasets",
        "backbones",
    }


@pytest.mark.parametrize("kind", list(catalog.MENUS))
def test_every_row_is_filled_in(kind):
    for row in catalog.choices(kind):
        # a timm name has the tag of its weights behind a dot
        assert row.name.replace(".", "_").isidentifier()
        assert row.label
        assert row.source
        assert row.help.endswith(".")
        assert "\n" not in row.help


def test_the_schedules_of_the_contract():
    assert [row.name for row in catalog.SCHEDULES] == [
        "constant",
        "two_hinge",
        "linear",
        "cosine",
        "step",
        "uniform",
        "auto",
        "custom",
    ]


def test_the_embedded_names_of_the_contract():
    assert {"blooms_easy", "blooms_medium", "blooms_hard", "digits", "folder"} <= {
        row.name for row in catalog.DATASETS
    }
    assert {"bloom_resnet", "bloom_convnext", "bloom_vit", "bloom_resnet_robust"} == set(
        catalog.EMBEDDED_BACKBONES
    )


def test_every_backbone_has_a_tier():
    tiers = [row.tier for row in catalog.BACKBONES]
    assert sorted(set(tiers), key=tiers.index) == ["instant", "laptop", "paper"]
    assert [row.name for row in catalog.BACKBONES if row.is_robust] == ["bloom_resnet_robust"]


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("schedules", "two_hing", "unknown schedule 'two_hing', did you mean 'two_hinge'?"),
        (
            "strategies",
            "linear_prob",
            "unknown strategy 'linear_prob', did you mean 'linear_probe'?",
        ),
        ("datasets", "digit", "unknown dataset 'digit', did you mean 'digits'?"),
        ("attacks", "pdg", "unknown attack 'pdg', did you mean 'pgd'?"),
    ],
)
def test_an_unknown_name_says_the_nearest(kind, name, message):
    with pytest.raises(UnknownNameError) as caught:
        catalog.find(kind, name)
    assert str(caught.value) == message


def test_an_unknown_menu():
    with pytest.raises(UnknownNameError, match="unknown menu 'schedule', did you mean 'schedules'"):
        catalog.choices("schedule")


def test_a_doubled_name_raises():
    row = catalog.SCHEDULES[0]
    with pytest.raises(ValueError, match="constant"):
        menu(row, row)


def test_a_row_cannot_be_changed():
    with pytest.raises(AttributeError):
        catalog.SCHEDULES[0].name = "other"
    with pytest.raises(TypeError):
        catalog.MENUS["schedules"] = ()
    with pytest.raises(TypeError):
        catalog.find("datasets", "digits").facts["train"] = 1
