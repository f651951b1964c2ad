"""rft_core.engine.seeds: each use of chance has its own stream."""

import pytest
import torch

from rft_core.engine.seeds import derive, generator, global_stream

CPU = torch.device("cpu")


def test_derived_seeds_never_change():
    # stored numbers: a change here changes every run ever made
    assert derive(0, "order", 0) == 3955691223199900983
    assert derive(1, "attack", 7) == 6344004424594273216


def test_seed_purpose_and_indices_all_count():
    seeds = [
        derive(seed, purpose, *place)
        for seed in (0, 1)
        for purpose in ("order", "attack")
        for place in ((), (0,), (1,), (1, 2), (12,))
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generators_repeat():
    first, again, other = (
        torch.rand(3, generator=generator(0, "order", epoch)) for epoch in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_global_stream_is_seeded_inside_and_given_back():
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with global_stream(0, "layers", 3, device=CPU):
        inside = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with global_stream(0, "layers", 3, device=CPU):
        assert torch.equal(torch.rand(2), inside)


def draw_and_fail():
    with global_stream(0, "layers", 3, device=CPU):
        torch.rand(2)
        raise KeyError


def test_the_global_stream_is_given_back_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(KeyError):
        draw_and_fail()
    assert torch.equal(torch.random.get_rng_state(), before)
