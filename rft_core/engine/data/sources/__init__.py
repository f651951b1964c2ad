"""Datasets: one file a kind of source, named by a row of the catalog."""
