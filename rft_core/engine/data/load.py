"""Load the dataset a spec names."""

from rft_core import catalog
from rft_core.engine.data.dataset import Dataset
from rft_core.errors import DataError
from rft_core.sections import DataSpec

FOLDER = "folder:"


def load_dataset(data: DataSpec, *, image_size: int) -> Dataset:
    """Return the dataset of `data` at `image_size` pixels, cut to the sizes asked for.

    Splits and subsets never depend on a run's seed: runs are compared on the same images.
    """
    if data.dataset.startswith(FOLDER):
        loader, name = catalog.find("datasets", "folder").load(), data.dataset.removeprefix(FOLDER)
    else:
        loader, name = catalog.find("datasets", data.dataset).load(), data.dataset
    dataset = loader(name, image_size=image_size)
    if dataset.num_classes < 2:
        raise DataError(f"{data.dataset} has one class, '{dataset.class_names[0]}'; classification needs at least two folders of images")
    return dataset.limited(data.train_size, data.eval_size, seed=0)
