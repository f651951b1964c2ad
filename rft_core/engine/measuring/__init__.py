"""Measuring a model: robustness curves, honesty checks, shifts, single images under attack."""
