"""Blooms: flowers drawn by a seeded program, so that fine-tuning can be tried without a download.

A picture is a polar curve r(angle) = (1 + depth cos(petals * angle)) / (1 + depth) filled with a
texture, at a random position, size, angle and colour, over a smooth background with noise. A class
is (petals, depth, texture). The source task is for pretraining; the downstream tasks have other
petal counts, depths and textures, and get harder: more classes that differ by less, lower contrast,
fewer images a class.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor

from rft_core.engine.data.dataset import Dataset, Request, Split

# pixels drawn at once: larger pieces do not fit into the processor's cache and take ten times
# longer
CHUNK_PIXELS = 1000 * 32 * 32
TEXTURES = (
    "plain",
    "stripes",
    "rings",
    "checks",
    "spokes",
    "core",
    "spiral",
    "dots",
    "halves",
    "waves",
    "rim",
    "cross",
)


@dataclass(frozen=True)
class Task:
    """Classes (petals, depth, texture index), images of each split, and how
    visible the flowers are.
    """

    classes: tuple[tuple[int, float, int], ...]
    train_size: int
    validation_size: int
    test_size: int
    contrast: tuple[float, float]
    noise: float
    stream: int

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names such as "5 petals, depth 0.4, spiral", different for every class."""
        return tuple(
            f"{petals} petals, depth {depth:g}, {TEXTURES[texture]}"
            for petals, depth, texture in self.classes
        )


def _grid(
    petals: tuple[int, ...], depths: tuple[float, ...], textures: tuple[int, ...]
) -> tuple[tuple[int, float, int], ...]:
    return tuple(
        (count, depth, texture) for count in petals for depth in depths for texture in textures
    )


SOURCE = Task(
    tuple(
        flower
        for flower in _grid((0, 2, 3, 4, 6), (0.2, 0.5), (0, 1, 2, 3, 4, 5))
        if flower[:2] != (0, 0.5)
    ),
    24_000,
    1_000,
    2_000,
    (0.4, 1.0),
    0.02,
    stream=1,
)
TASKS = MappingProxyType(
    {
        "blooms_source": SOURCE,
        "blooms_easy": Task(
            _grid((5, 8), (0.35,), (6, 7, 8, 9)), 800, 200, 1_000, (0.7, 1.0), 0.02, stream=2
        ),
        "blooms_medium": Task(
            _grid((3, 5, 7), (0.15, 0.4), (2, 6, 7, 9)),
            1_200,
            240,
            1_000,
            (0.6, 1.0),
            0.02,
            stream=3,
        ),
        "blooms_hard": Task(
            _grid((3, 4, 5, 7), (0.15, 0.4), (1, 6, 7, 8, 9, 11)),
            1_536,
            384,
            1_000,
            (0.5, 0.9),
            0.02,
            stream=4,
        ),
    }
)


def load(name: str, request: Request) -> Dataset:
    """Return a task at the requested size. Its pictures are the same for every seed: the seed of a
    run must not change the data it is measured on.
    """
    task = TASKS[name]
    sizes = (task.train_size, task.validation_size, task.test_size)
    train, validation, test = (
        make_split(task, size, request.image_size, seed=10 * task.stream + index)
        for index, size in enumerate(sizes)
    )
    return Dataset(name, task.class_names, train, validation, test)


@dataclass(frozen=True)
class Drawing:
    """The layers of N flowers: `background` (N, 3, S, S), `mask` and `pattern` (N, 1, S, S)
    from 0 to 1, and `colour` (N, 3, 1, 1), by which a flower differs from its background
    where the pattern is 1.
    """

    background: Tensor
    mask: Tensor
    pattern: Tensor
    colour: Tensor

    def picture(self) -> Tensor:
        """Return the layers combined, (N, 3, S, S), without noise; values may lie slightly outside
        [0, 1].
        """
        flower = self.background + self.colour * (0.35 + 0.65 * self.pattern)
        return self.background * (1 - self.mask) + flower * self.mask


Paint = Callable[[Drawing, torch.Generator], Tensor]


def make_split(
    task: Task, size: int, image_size: int, *, seed: int, paint: Paint | None = None
) -> Split:
    """Draw `size` labelled pictures, classes in equal shares and shuffled; `paint` (drawing,
    generator) replaces the plain style.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.arange(size) % len(task.classes))[torch.randperm(size, generator=generator)]
    kinds = torch.tensor(task.classes, dtype=torch.float32)[labels]
    pictures = []
    for part in kinds.split(max(1, CHUNK_PIXELS // image_size**2)):
        drawing = compose(part, image_size, generator, contrast=task.contrast)
        pictures.append(
            paint(drawing, generator).clamp(0, 1)
            if paint
            else plain(drawing, generator, noise=task.noise)
        )
    return Split((torch.cat(pictures) * 255).round().to(torch.uint8), labels)


def draw(
    kinds: Tensor,
    size: int,
    generator: torch.Generator,
    *,
    contrast: tuple[float, float],
    noise: float,
) -> Tensor:
    """Return pictures (N, 3, size, size) in [0, 1] of flowers `kinds` (N, 3): petals,
    depth, texture index.
    """
    return plain(compose(kinds, size, generator, contrast=contrast), generator, noise=noise)


def plain(drawing: Drawing, generator: torch.Generator, *, noise: float) -> Tensor:
    """Return the pictures (N, 3, S, S) of `drawing` with Gaussian noise, in [0, 1]."""
    picture = drawing.picture()
    return (picture + noise * torch.randn(picture.shape, generator=generator)).clamp(0, 1)


def compose(
    kinds: Tensor, size: int, generator: torch.Generator, *, contrast: tuple[float, float]
) -> Drawing:
    """Return the layers of flowers `kinds` (N, 3), each at a random position, size, angle and
    colour.
    """
    n = len(kinds)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    petals, depth, texture = (column.view(n, 1, 1) for column in kinds.unbind(1))
    radius, angle, across, along, scale = _coordinates(size, uniform)
    outline = 0.9 * (1 + depth * torch.cos(petals * angle)) / (1 + depth)
    # a soft edge about one pixel wide, whatever the picture's size
    mask = torch.sigmoid((outline - radius) * size * scale * 0.75)[:, None]
    pattern = _texture(texture.long().view(-1), radius, angle, across, along)[:, None]

    base = uniform(0, 1, 3, 1, 1)
    clouds = F.interpolate(
        uniform(0, 1, 3, 4, 4), size=(size, size), mode="bicubic", align_corners=False
    ).clamp(0, 1)
    # petals differ from the background towards the far end of the scale, so that no
    # flower is clipped away
    colour = (
        uniform(*contrast, 1, 1, 1) * torch.where(base < 0.5, 1.0, -1.0) * uniform(0.4, 1, 3, 1, 1)
    )
    return Drawing(base + 0.5 * (clouds - 0.5), mask, pattern, colour)


def _coordinates(size: int, uniform) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return polar and rotated Cartesian coordinates of every pixel around each flower's centre,
    and its scale.
    """
    axis = (torch.arange(size) + 0.5) / size * 2 - 1
    centre_x, centre_y, scale, turn = (
        uniform(-0.2, 0.2, 1, 1),
        uniform(-0.2, 0.2, 1, 1),
        uniform(0.7, 0.95, 1, 1),
        uniform(0, 2 * math.pi, 1, 1),
    )
    x, y = (axis[None, None, :] - centre_x) / scale, (axis[None, :, None] - centre_y) / scale
    across = x * torch.cos(turn) - y * torch.sin(turn)
    along = x * torch.sin(turn) + y * torch.cos(turn)
    return torch.sqrt(across**2 + along**2 + 1e-9), torch.atan2(along, across), across, along, scale


def _texture(index: Tensor, radius: Tensor, angle: Tensor, across: Tensor, along: Tensor) -> Tensor:
    """Return the inner pattern (N, H, W) in [0, 1] chosen by `index` (N,), an
    index into TEXTURES.
    """
    chosen = torch.zeros_like(radius)
    for number, pattern in enumerate(PATTERNS):
        members = torch.nonzero(index == number).flatten()
        if len(members):
            chosen[members] = pattern(
                radius[members], angle[members], across[members], along[members]
            )
    return torch.sigmoid(6 * chosen)


WAVE = 3 * math.pi
# in the order of TEXTURES; positive inside a figure, negative outside: f(radius,
# angle, across, along)
PATTERNS = (
    lambda r, angle, x, y: torch.full_like(r, 10.0),
    lambda r, angle, x, y: torch.sin(WAVE * x),
    lambda r, angle, x, y: torch.sin(WAVE * r),
    lambda r, angle, x, y: 1.5 * torch.sin(WAVE * x) * torch.sin(WAVE * y),
    lambda r, angle, x, y: torch.cos(3 * angle),
    lambda r, angle, x, y: 4 * (0.45 - r),
    lambda r, angle, x, y: torch.sin(WAVE * r + 2 * angle),
    lambda r, angle, x, y: 3 * (torch.cos(WAVE * x) + torch.cos(WAVE * y)) - 1.5,
    lambda r, angle, x, y: 6 * x,
    lambda r, angle, x, y: torch.sin(WAVE * x + 2 * torch.sin(0.6 * WAVE * y)),
    lambda r, angle, x, y: 8 * (r - 0.5),
    lambda r, angle, x, y: 12 * (0.16 - torch.minimum(x.abs(), y.abs())),
)
