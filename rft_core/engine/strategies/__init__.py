"""Strategies: which weights of a model are trained.

Each file defines `apply` (backbone, settings) -> backbone; if merging is exact also `merge`
(backbone) -> a copy of the plain architecture with the same outputs; and if the strategy does not
fit every network `FITS`, the kinds of blocks it needs (blocks.py). New weights are made on the CPU;
the caller moves the model afterwards.
"""
