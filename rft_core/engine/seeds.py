"""Randomness without hidden state: each use derives its own generator from the run's seed, a
purpose and indices such as the step.

Evaluation therefore cannot disturb the training stream, and a resumed run draws the same numbers as
a run that was never interrupted.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def derive(seed: int, purpose: str, *indices: int) -> int:
    """Return a 63-bit seed for a purpose and its indices, such as ``derive(0, "order", epoch)``."""
    text = f"{seed}/{purpose}/{'/'.join(map(str, indices))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(
    seed: int, purpose: str, *indices: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a fresh generator on `device` for a purpose and its indices."""
    return torch.Generator(device).manual_seed(derive(seed, purpose, *indices))


@contextmanager
def global_stream(seed: int, purpose: str, *indices: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global stream inside the block, for layers that draw from it (dropout), and
    restore it afterwards.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(seed, purpose, *indices))
        yield
