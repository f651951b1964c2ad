"""Blooms in seven styles: one task drawn in seven domains, for measuring out of distribution.

Every style paints the same classes with its own flowers (another random stream), so no picture is
in two domains. A run trains on the domains it names, by default on "plain", and is measured on the
test pictures of all others.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from rft_core.engine.data.dataset import Dataset, Request, Split
from rft_core.engine.data.sources.blooms import Drawing, Paint, Task, make_split, plain
from rft_core.engine.data.transforms.filters import gaussian_blur, motion_blur, plasma
from rft_core.errors import UnknownNameError

NOISE = 0.02
TASK = Task(
    tuple((petals, 0.35, texture) for petals in (3, 4, 5, 7) for texture in (6, 7, 8, 9)),
    train_size=800, validation_size=240, test_size=800, contrast=(0.6, 1.0), noise=NOISE, stream=5,
)  # fmt: skip


def load(name: str, request: Request) -> Dataset:
    """Return the three splits of the requested domains, "plain" by default, and the test pictures
    of every other domain.

    Several domains are joined, each at full size. Raises UnknownNameError for an unknown domain.
    """
    chosen = tuple(dict.fromkeys(request.domains)) or ("plain",)
    for domain in chosen:
        if domain not in STYLES:
            raise UnknownNameError("domain", domain, list(STYLES))
    sizes = (TASK.train_size, TASK.validation_size, TASK.test_size)
    train, validation, test = (
        _joined([_split(domain, index, size, request.image_size) for domain in chosen])
        for index, size in enumerate(sizes)
    )
    others = {
        domain: _split(domain, 2, TASK.test_size, request.image_size)
        for domain in STYLES
        if domain not in chosen
    }
    return Dataset(name, TASK.class_names, train, validation, test, domains=chosen, others=others)


def _split(domain: str, index: int, size: int, image_size: int) -> Split:
    seed = 1000 * TASK.stream + 10 * list(STYLES).index(domain) + index
    return make_split(TASK, size, image_size, seed=seed, paint=STYLES[domain])


def _joined(splits: list[Split]) -> Split:
    return Split(
        torch.cat([split.images for split in splits]), torch.cat([split.labels for split in splits])
    )


def painting(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """Oil paint: flat dabs with sharp borders (Kuwahara et al. 1976), few tones,
    strokes of the brush.
    """
    picture = drawing.picture().clamp(0, 1)
    n, _, size, _ = picture.shape
    dabs = _kuwahara(picture, reach=max(1, round(size / 24)))
    tones = (dabs * 5).round() / 5
    strokes = motion_blur(
        torch.randn(n, 1, size, size, generator=generator),
        size / 16,
        size / 12,
        360 * torch.rand(n, generator=generator),
    )
    return tones + 0.07 * strokes / strokes.std((1, 2, 3), keepdim=True)


def _kuwahara(picture: Tensor, reach: int) -> Tensor:
    """Return each pixel as the mean of whichever quadrant around it, `reach` pixels wide, varies
    least.
    """
    width = reach + 1
    padded = F.pad(picture, (reach,) * 4, mode="replicate")
    means, squares = (F.avg_pool2d(values, width, stride=1) for values in (padded, padded**2))
    spread = (squares - means**2).sum(1, keepdim=True)
    size = picture.shape[-1]
    corners = [(row, column) for row in (0, reach) for column in (0, reach)]
    quadrants = torch.stack(
        [means[..., row : row + size, column : column + size] for row, column in corners]
    )
    spreads = torch.stack(
        [spread[..., row : row + size, column : column + size] for row, column in corners]
    )
    return quadrants.gather(0, spreads.argmin(0, keepdim=True).expand(1, *picture.shape))[0]


def sketch(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """Pencil on paper: grey lines where the drawing's tone changes, light shading, grain."""
    tone = drawing.mask * (0.35 + 0.65 * drawing.pattern)
    n, _, size, _ = tone.shape
    pen = max(1, round(size / 32))
    padded = F.pad(tone, (0, pen, 0, pen), mode="replicate")
    tone_here = padded[..., :size, :size]
    change = (
        (padded[..., pen:, :size] - tone_here) ** 2 + (padded[..., :size, pen:] - tone_here) ** 2
    ).sqrt()
    pressure = 0.8 + 0.4 * torch.rand(n, 1, 1, 1, generator=generator)
    grain = torch.randn(n, 1, size, size, generator=generator)
    paper = 0.94 - 0.12 * tone + 0.03 * grain
    return (paper - 1.3 * pressure * change).expand(-1, 3, -1, -1)


def silhouette(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """A paper cut: a dark flower on a light ground, its pattern cut out inside a rim."""
    n, _, size, _ = drawing.mask.shape
    ground = 0.8 + 0.2 * torch.rand(n, 3, 1, 1, generator=generator)
    ink = 0.15 * torch.rand(n, 3, 1, 1, generator=generator)
    rim = max(1, round(size / 24))
    inside = 1 - F.max_pool2d(1 - drawing.mask, 2 * rim + 1, stride=1, padding=rim)
    paper = drawing.mask * (1 - inside * drawing.pattern)
    return ground * (1 - paper) + ink * paper


def night(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """Moonlight: a fifth to half of the light, blue, uneven, with the noise of few photons."""
    picture = drawing.picture().clamp(0, 1)
    n, _, size, _ = picture.shape
    light = (0.20 + 0.25 * torch.rand(n, 1, 1, 1, generator=generator)) * (
        0.6 + 0.8 * plasma(n, size, 3.0, generator)[:, None]
    )
    dark = picture * light * torch.tensor([0.6, 0.8, 1.3]).view(1, 3, 1, 1)
    return dark + 0.06 * dark.sqrt() * torch.randn(dark.shape, generator=generator) + 0.01


def inverted(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """A negative in which the pattern's light and dark are swapped too; since colours are random, a
    plain negative would not be a shift.
    """
    return plain(
        Drawing(1 - drawing.background, drawing.mask, 1 - drawing.pattern, -drawing.colour),
        generator,
        noise=NOISE,
    )


def photo_noise(drawing: Drawing, generator: torch.Generator) -> Tensor:
    """A bad photograph: slightly out of focus, dark corners, blotches of colour, grain."""
    picture = gaussian_blur(drawing.picture().clamp(0, 1), drawing.mask.shape[-1] / 40)
    n, _, size, _ = picture.shape
    axis = (torch.arange(size) + 0.5) / size * 2 - 1
    corners = 1 - 0.35 * (axis[:, None] ** 2 + axis**2)
    blotches = gaussian_blur(torch.randn(n, 3, size, size, generator=generator), size / 24)
    grain = torch.randn(n, 3, size, size, generator=generator)
    return picture * corners + 0.05 * blotches / blotches.std((2, 3), keepdim=True) + 0.08 * grain


STYLES: Mapping[str, Paint] = MappingProxyType(
    {
        "plain": partial(plain, noise=NOISE),
        "painting": painting,
        "sketch": sketch,
        "silhouette": silhouette,
        "night": night,
        "inverted": inverted,
        "photo_noise": photo_noise,
    }
)
