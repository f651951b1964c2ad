"""Image datasets of the Hugging Face hub, by OWNER/NAME or OWNER/NAME@CONFIG.

No code of a dataset is run.

A dataset is copied into the home once, as tables; classes and domains are read from their columns
without decoding a picture.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import datasets
from huggingface_hub import constants
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.decoding.decode import decode
from rft_core.engine.data.reading.archives import EMBEDDED
from rft_core.engine.data.reading.hub_tables import list_tables
from rft_core.engine.data.reading.protocols import with_protocol
from rft_core.engine.models.hub_access import is_reachable
from rft_core.errors import DataError
from rft_core.files.home import Home, find_home
from rft_core.resources.datasets import mark_downloaded

# rows of the menu that are datasets of the hub: those of the papers
REPOSITORIES = MappingProxyType(
    {
        "cub200": "efekankavalci/CUB_200_2011",
        "stanford_dogs": "amaye15/stanford-dogs",
        "domainnet": "wltjr1007/DomainNet",
    }
)
WRITTEN = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<config>[\w.+-]+))?")
NOTIFY_SECONDS = 2.0
MEGABYTE = 10**6


def load(name: str, request: Request) -> Dataset:
    """Return a row of the menu, or the dataset OWNER/NAME[@CONFIG] of the hub,
    at the requested size.

    Once loaded it needs no network. Raises DataError if it is neither here nor can be fetched, or
    if its columns are unclear.
    """
    home = find_home()
    tables = fetch_tables(REPOSITORIES.get(name, name), home, request.notify)
    dataset = decode(with_protocol(list_tables(name, tables, request.domains)), request)
    mark_downloaded(home, name if name in REPOSITORIES else f"hf:{name}")
    return dataset


def fetch_tables(address: str, home: Home, notify: Callable[[str], None]) -> datasets.DatasetDict:
    """Return the splits of OWNER/NAME[@CONFIG] from the home, after fetching them if they are not
    there yet or were changed on the hub.
    """
    found = WRITTEN.fullmatch(address.strip())
    if not found:
        raise DataError(
            f"'{address}' does not name a dataset of the hub; write hf:OWNER/NAME, or"
            " hf:OWNER/NAME@CONFIG"
        )
    repository, config = found["repository"], found["config"]
    if Path(repository).exists():
        raise DataError(
            f"'{repository}' is also a file or folder here, and would be read instead of the hub;"
            f" write folder:{repository}, or start in another folder"
        )
    online = is_reachable()
    with hub_in(home, offline=not online):
        try:
            return read_tables(repository, config, cache(home), notify)
        # the library raises a dozen types, and each means that this dataset cannot be loaded
        except Exception as error:
            raise DataError(_refusal(address, error, online)) from error


def read_tables(
    path: str, config: str | None, folder: Path, notify: Callable[[str], None]
) -> datasets.DatasetDict:
    """Return the splits of a dataset of the hub, or of a folder with the same layout, cached below
    `folder`; reports its progress.
    """
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(datasets.load_dataset, path, config, cache_dir=str(folder / "tables"))
        while True:
            try:
                return work.result(timeout=NOTIFY_SECONDS)
            except TimeoutError:
                if work.done():
                    raise
            notify(f"loading {path}: {_megabytes(folder):,} MB of the hub's datasets are here")


def cache(home: Home) -> Path:
    """Return the folder for all files of the hub's datasets."""
    return home.datasets / "huggingface"


@contextmanager
def hub_in(home: Home, *, offline: bool) -> Iterator[None]:
    """Inside the block the hub's libraries keep files in `home`, draw no progress bars, and with
    `offline` do not use the network.

    Both libraries read these constants at every call. They belong to the process, and are restored
    after the block.
    """
    before = constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE
    bars = datasets.are_progress_bars_disabled(), are_progress_bars_disabled()
    constants.HF_HUB_CACHE = str(cache(home) / "hub")
    constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = offline
    datasets.disable_progress_bars()
    disable_progress_bars()
    try:
        yield
    finally:
        constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE, datasets.config.HF_HUB_OFFLINE = before
        if not bars[0]:
            datasets.enable_progress_bars()
        if not bars[1]:
            enable_progress_bars()


def _megabytes(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        try:
            sizes += 0 if path.is_symlink() else path.lstat().st_size
        except OSError:
            # renamed while we looked
            continue
    return sizes // MEGABYTE


def _refusal(address: str, error: Exception, online: bool) -> str:
    if not online:
        return (
            f"{address} was not loaded on this machine before, and the Hugging Face hub cannot be"
            f" reached; load it once with a network, or use {EMBEDDED}"
        )
    reason = str(error).strip().splitlines()
    return (
        f"{address} cannot be loaded from the Hugging Face hub"
        f" ({reason[0] if reason else type(error).__name__}); check its name, or use {EMBEDDED}"
    )
