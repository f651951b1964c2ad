"""How many images a run has, as far as that is known before they are loaded."""

from rft_core.cost.tracking_plan import Sizes
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec

# test images of the final curve and validation images where their number is not known
TEST_IMAGES, MOST_TRACKED = 1000, 500


def train_images(spec: RunSpec) -> int | None:
    """Return the number of training images, or None where it is known only after loading."""
    if ":" in spec.data.dataset:
        return spec.data.train_size
    available = catalog.find("datasets", spec.data.dataset).facts.get("train")
    return min(available, spec.data.train_size) if available and spec.data.train_size else available


def known_sizes(spec: RunSpec) -> Sizes | None:
    """Return the images of `spec` as far as they are known before loading, usual numbers for the
    rest; None without those to train on.
    """
    images = train_images(spec)
    if images is None:
        return None
    domains = (
        () if ":" in spec.data.dataset else catalog.find("datasets", spec.data.dataset).domains
    )
    others = max(0, len(domains) - max(1, len(spec.data.domains)))
    validation = (
        MOST_TRACKED
        if ":" in spec.data.dataset
        else catalog.find("datasets", spec.data.dataset).facts.get("validation", MOST_TRACKED)
    )
    return Sizes(
        images, min(spec.evaluation.eval_size or validation, validation), test_images(spec), others
    )


def test_images(spec: RunSpec) -> int:
    """Return the number of test images, a usual one where it is known only after loading."""
    available = (
        TEST_IMAGES
        if ":" in spec.data.dataset
        else catalog.find("datasets", spec.data.dataset).facts.get("test", TEST_IMAGES)
    )
    return min(available, spec.data.eval_size or available)
