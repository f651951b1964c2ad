"""Rows for the menu of datasets, and what the menu shows."""

from rft_core.spec.menus.dataset_row import DatasetRow

ONLINE = DatasetRow(
    "cifar10",
    "CIFAR-10",
    "Photographs in 10 classes.",
    "Krizhevsky 2009",
    "rft_core.engine.data.sources.torchvision_sets:load",
    is_online=True,
)
STYLES = DatasetRow(
    "styled",
    "Styled",
    "Two domains.",
    "drawn",
    "rft_core.engine.data.sources.blooms:load",
    domains=("plain", "sketch"),
)


def labels(app, key: str) -> list[str]:
    return app.selectbox(key=key).options
