"""Checks of a dataset: its card, and pictures that occur twice."""
