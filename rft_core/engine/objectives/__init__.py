"""Objectives: functions (model, images, labels, adversary, settings) -> loss.

`adversary` maps (model, images, labels) to adversarial images; it is None if the schedule's factor
is 0. A file that needs a frozen copy of the model also defines `prepare` (model, settings) -> copy,
and its `loss` receives the copy as `reference` (build.py).
"""
