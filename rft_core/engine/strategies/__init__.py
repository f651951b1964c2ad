"""Strategies: which weights of a model are trained.

Each file has `apply` (backbone, settings) -> backbone. `merge` (backbone) -> a copy of the plain
architecture with the same outputs stands beside it where merging is exact, and `FITS` names the
kinds of blocks it needs (blocks.py) where it does not fit every network. New weights are made on
the CPU; the caller moves the model afterwards.
"""
