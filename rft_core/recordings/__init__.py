"""Recorded runs: real runs kept with the program. Loads no torch."""
