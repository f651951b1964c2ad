"""rft_core.resources.datasets: which online datasets are here."""

import pytest

from rft_core.resources.datasets import is_downloaded, mark_downloaded


@pytest.mark.parametrize(
    ("dataset", "file"),
    [("cifar10", "cifar10"), ("hf:owner/name@config", "hf--owner--name@config")],
)
def test_a_mark_is_kept(home, dataset, file):
    assert not is_downloaded(home, dataset)
    mark_downloaded(home, dataset)
    mark_downloaded(home, dataset)
    assert is_downloaded(home, dataset)
    assert (home.datasets / "ready" / file).is_file()
    assert not is_downloaded(home, "cifar100")


def test_a_home_that_cannot_be_written_is_no_failure(home):
    home.datasets.write_text("a file where the folder should be")
    mark_downloaded(home, "cifar10")
    assert not is_downloaded(home, "cifar10")
