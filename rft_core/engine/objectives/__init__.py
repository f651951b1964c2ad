"""Objectives: functions (model, images, labels, adversary, settings) -> loss.

`adversary` maps (model, images, labels) to adversarial images; it is None where the schedule's
factor is 0. A file that needs a frozen copy of the model has `prepare` (model, settings) -> copy
beside its `loss`, and receives it as `reference` (build.py).
"""
