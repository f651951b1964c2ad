"""Datasets: images as uint8 tensors, decoded once, with class names and a train /
validation / test split.
"""
