"""Decode a listing once: cut to size, hold out, read, resize, keep."""

from rft_core.engine.data.dataset import Dataset, Request
from rft_core.engine.data.listing import Listing


def decode(listing: Listing, request: Request) -> Dataset:
    """Return the dataset of `listing`, from the cache where it was decoded before."""
    raise NotImplementedError
