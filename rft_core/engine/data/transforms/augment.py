"""Random changes to a batch of training images, drawn from the run's own stream."""

import torch
from torch import Tensor


def augment(images: Tensor, kind: str, generator: torch.Generator) -> Tensor:
    """Return changed pixels (N, 3, H, W): "none" changes nothing; "flip" mirrors half of the
    images; "paper" also jitters the colours and rotates a little.
    """
    if kind == "none":
        return images
    mirrored = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(3), images)
    return images if kind == "flip" else _turn(_jitter(images, generator), generator)


def _jitter(images: Tensor, generator: torch.Generator, amount: float = 0.25) -> Tensor:
    """Change brightness, contrast and saturation of each image by up to `amount` (Ngnawé et al.:
    .25 each), in place: fresh memory for each operation would take most of the time.
    """
    shape = (3, len(images), 1, 1, 1)
    brightness, contrast, saturation = 1 + amount * (
        2 * torch.rand(shape, generator=generator, device=images.device) - 1
    )
    weights = torch.tensor([0.299, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
    images.mul_(brightness).clamp_(0, 1)
    mean = (images * weights).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    images.sub_(mean).mul_(contrast).add_(mean).clamp_(0, 1)
    grey = (images * weights).sum(1, keepdim=True)
    return images.sub_(grey).mul_(saturation).add_(grey).clamp_(0, 1)


def _turn(images: Tensor, generator: torch.Generator, degrees: float = 2.0) -> Tensor:
    """Rotate each image by up to `degrees`; uncovered corners repeat the border."""
    angle = torch.deg2rad(
        degrees * (2 * torch.rand(len(images), generator=generator, device=images.device) - 1)
    )
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    sampled_at = torch.nn.functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        images, sampled_at, padding_mode="border", align_corners=False
    )
