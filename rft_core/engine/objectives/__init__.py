"""Objectives: functions (model, images, labels, adversary, settings) -> loss.

`adversary` maps (images, labels) to adversarial images; it is None where the schedule's factor is 0.
"""
