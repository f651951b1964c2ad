"""Attacks: pure functions (model, images, labels, ...) -> adversarial images.

They move no device and no mode.
"""
