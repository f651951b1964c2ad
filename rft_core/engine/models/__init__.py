"""Backbones: built by timm or embedded here, with mean and std inside the model."""
