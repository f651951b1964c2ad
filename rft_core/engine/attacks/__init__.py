"""Attacks: pure functions (model, images, labels, ...) -> adversarial images.

They change neither the device nor the mode of the model.
"""
