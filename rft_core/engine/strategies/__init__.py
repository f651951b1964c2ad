"""Strategies: which weights of a model are trained. Each is a function (backbone, settings) -> backbone."""
