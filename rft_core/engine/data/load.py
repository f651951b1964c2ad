"""Load the dataset a spec names."""

from collections.abc import Callable

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.errors import DataError, UnknownNameError
from rft_core.files.layout import require_two
from rft_core.spec import catalog
from rft_core.spec.run_spec import RunSpec


def load_dataset(
    spec: RunSpec, *, image_size: int, notify: Callable[[str], None] = lambda text: None
) -> Dataset:
    """Return the dataset of `spec` at `image_size` pixels, cut to the requested sizes.

    Splits and subsets never depend on a run's seed: runs are compared on the same images.
    """
    data = spec.data
    scheme, colon, path = data.dataset.partition(":")
    location = catalog.locations().get(scheme)
    if data.layout != "auto" and not (location and location.has_layout):
        raise DataError(
            f"data.layout is {data.layout}, but {data.dataset} is not a folder of images; leave it"
            " auto"
        )
    row, name = (
        catalog.find("datasets", scheme if colon else data.dataset),
        path if colon else data.dataset,
    )
    request = Request(
        image_size=image_size,
        domains=data.domains,
        layout=data.layout,
        train_size=data.train_size,
        eval_size=data.eval_size,
        shift_size=spec.evaluation.shift_size,
        notify=notify,
    )
    dataset = row.load()(name, request)
    require_two(data.dataset, dataset.class_names)
    _check_domains(spec, dataset)
    return dataset.limited(request).with_shared()


def _check_domains(spec: RunSpec, dataset: Dataset) -> None:
    wanted = spec.data.domains
    if wanted and not dataset.domains:
        raise DataError(
            f"data.domains is {', '.join(wanted)}, but {spec.data.dataset} has no domains; leave it"
            " empty"
        )
    for name in wanted:
        if name not in dataset.domains:
            raise UnknownNameError("domain", name, [*dataset.domains, *dataset.others])
