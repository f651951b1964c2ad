"""Makers of what lies in assets/: embedded weights, the index of backbones, the recorded images."""
