"""Randomness without hidden state: each use derives its own generator from the run's seed, a
purpose and a place.

Evaluation therefore cannot disturb the training stream, and a resumed run draws the same numbers as
one that was never interrupted.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, purpose: str, *place: int) -> int:
    """Return a 63-bit seed for one purpose at one place, for example
    ``derive(0, "order", epoch)``.
    """
    text = f"{seed}/{purpose}/{'/'.join(map(str, place))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(
    seed: int, purpose: str, *place: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a fresh generator on `device` for one purpose at one place."""
    return torch.Generator(device).manual_seed(derive(seed, purpose, *place))


@contextmanager
def global_stream(seed: int, purpose: str, *place: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global stream inside the block, for layers that draw from it (dropout),
    and restore it after.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, purpose, *place))
        yield
