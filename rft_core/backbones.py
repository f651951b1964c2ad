"""What is known of a backbone (stand-in)."""

from dataclasses import dataclass

from rft_core import catalog


@dataclass(frozen=True)
class BackboneFacts:
    """Facts of one backbone."""

    name: str
    parameters: int | None
    image_size: int
    macs: int | None
    activations: int | None
    licence: str
    tier: str
    is_robust: bool


def facts(name: str) -> BackboneFacts | None:
    """Return the facts of an embedded backbone."""
    if name not in {row.name for row in catalog.BACKBONES}:
        return None
    return BackboneFacts(name, 470_000, 32, 20_000_000, 100_000, "MIT", "instant", name.endswith("robust"))


def search(text: str, limit: int = 30) -> list[str]:
    """Return names that hold `text`."""
    return [row.name for row in catalog.BACKBONES if text.lower() in row.name][:limit]


def training_memory(name: str, *, image_size: int | None, batch_size: int, strategy: str) -> int | None:
    """Return bytes."""
    return 450_000_000 if facts(name) else None
