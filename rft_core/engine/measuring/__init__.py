"""What a model is worth: robustness curves, honesty checks, shifts, single images under attack."""
