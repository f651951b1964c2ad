"""rft_core.engine.data.sources.styles: seven domains of one task, none of which shares a
picture with another.
"""

import pytest
import torch

from rft_core.engine.data.dataset import Request
from rft_core.engine.data.load import load_dataset
from rft_core.engine.data.sources import blooms, styles
from rft_core.errors import UnknownNameError
from rft_core.spec.run_spec import parse

NAMES = ("plain", "painting", "sketch", "silhouette", "night", "inverted", "photo_noise")


def load(*domains: str, size: int = 12):
    return styles.load("blooms_styles", Request(image_size=size, domains=domains))


def pictures(*splits) -> list[bytes]:
    return [image.numpy().tobytes() for split in splits for image in split.images]


def test_the_seven_domains():
    assert tuple(styles.STYLES) == NAMES
    data = load()
    assert data.domains == ("plain",)
    assert tuple(data.others) == NAMES[1:]
    assert data.num_classes == len(set(data.class_names)) == 16


@pytest.mark.parametrize("domains", [(), ("sketch",), ("night", "painting")])
def test_no_picture_is_on_both_sides(domains):
    data = load(*domains)
    inside = pictures(data.train, data.validation, data.test)
    outside = pictures(*data.others.values())
    assert len(set(inside)) == len(inside)
    assert len(set(outside)) == len(outside)
    assert not set(inside) & set(outside)
    assert not set(data.domains) & set(data.others)
    assert {*data.domains, *data.others} == set(NAMES)


def test_several_domains_are_put_together_and_none_may_be_left():
    both = load("plain", "sketch", "plain")
    assert both.domains == ("plain", "sketch")
    assert len(both.train) == 2 * len(load().train)
    assert torch.equal(both.test.images[:800], load().test.images)
    assert torch.equal(both.test.images[800:], load("plain").others["sketch"].images)
    assert load(*NAMES).others == {}


def test_every_domain_has_every_class_alike():
    data = load()
    for split in (data.train, data.validation, data.test, *data.others.values()):
        counts = torch.bincount(split.labels, minlength=16)
        assert counts.min() == counts.max() == len(split) / 16


def test_no_class_of_the_source_task():
    assert not set(styles.TASK.classes) & set(blooms.SOURCE.classes)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [8, 32, 57])
def test_a_style_at_any_size_is_drawn_alike_every_time(name, size):
    state = torch.random.get_rng_state()
    first, second = (
        blooms.make_split(styles.TASK, 16, size, seed=4, paint=styles.STYLES[name])
        for _ in range(2)
    )
    assert first.digest() == second.digest()
    assert (
        first.digest()
        != blooms.make_split(styles.TASK, 16, size, seed=5, paint=styles.STYLES[name]).digest()
    )
    assert first.images.shape == (16, 3, size, size)
    assert first.images.dtype == torch.uint8
    assert first.images.float().std() > 5
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_a_style_looks_like():
    """Statistics of 64 pictures: grey pencil on light paper, two tones of a paper cut,
    little light, much noise.
    """
    pixels = {name: styles._split(name, 2, 64, 32).images.float() / 255 for name in NAMES}
    assert torch.equal(pixels["sketch"][:, 0], pixels["sketch"][:, 2])
    assert pixels["sketch"].median() > 0.8
    tones = pixels["silhouette"].mean(1)
    assert ((tones < 0.3) | (tones > 0.75)).float().mean() > 0.8
    assert pixels["night"].mean() < 0.5 * pixels["plain"].mean()
    rough = {name: values.diff(dim=3).abs().mean().item() for name, values in pixels.items()}
    assert rough["photo_noise"] > 1.8 * rough["plain"]
    assert rough["painting"] > 1.3 * rough["plain"]


def test_inverted_turns_the_pattern_round():
    """The pattern's dark parts of one drawing are as far from the ground as the
    light parts of the other.
    """
    drawing = blooms.compose(
        torch.tensor(styles.TASK.classes, dtype=torch.float32),
        32,
        torch.Generator().manual_seed(0),
        contrast=(1.0, 1.0),
    )
    negative = styles.inverted(drawing, torch.Generator().manual_seed(1))
    ground = 1 - drawing.background
    stands_out = (negative - ground).abs().mean(1, keepdim=True)
    inside = drawing.mask > 0.95
    assert (
        stands_out[inside & (drawing.pattern < 0.1)].mean()
        > 1.5 * stands_out[inside & (drawing.pattern > 0.9)].mean()
    )


def test_an_unknown_domain():
    with pytest.raises(UnknownNameError, match="unknown domain 'sketchy', did you mean 'sketch'"):
        load_dataset(
            parse({"data": {"dataset": "blooms_styles", "domains": "sketchy"}}), image_size=8
        )


def test_other_domains_are_cut_to_the_size_asked_for():
    spec = parse(
        {
            "data": {
                "dataset": "blooms_styles",
                "domains": "night",
                "train_size": 64,
                "eval_size": 32,
            },
            "evaluation": {"shift_size": 48},
        }
    )
    data = load_dataset(spec, image_size=8)
    assert (len(data.train), len(data.test)) == (64, 32)
    assert {len(split) for split in data.others.values()} == {48}
