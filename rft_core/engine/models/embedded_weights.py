"""Embedded weights: safetensors files with a JSON card (recipe, accuracy,
sha256), checked before use.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from rft_core.errors import WeightsError
from rft_core.files.home import WEIGHTS, restore_command


def weights_file(name: str, folder: Path = WEIGHTS) -> Path:
    """Return the path of an embedded backbone's weights after checking them against their card."""
    path = folder / f"{name}.safetensors"
    expected = read_card(name, folder)["sha256"]
    if not path.is_file():
        raise WeightsError(
            f"the embedded weights {path.name} are missing; restore them with"
            f" {restore_command('assets/weights')} or `python -m rft_core pretrain {name}`"
        )
    actual = sha256(path)
    if actual != expected:
        raise WeightsError(
            f"the embedded weights {path.name} are damaged: sha256 is {actual[:12]}…, the card says"
            f" {expected[:12]}…; restore them with {restore_command('assets/weights')} or"
            f" `python -m rft_core pretrain {name}`"
        )
    return path


def read_card(name: str, folder: Path = WEIGHTS) -> dict[str, Any]:
    """Return the card of an embedded backbone."""
    try:
        card = json.loads((folder / f"{name}.json").read_text())
        if not isinstance(card, dict) or "sha256" not in card:
            raise ValueError("it holds no sha256")
        return card
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"the card of the embedded backbone {name} cannot be read ({error}); restore it with"
            f" {restore_command('assets/weights')}"
        ) from None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
