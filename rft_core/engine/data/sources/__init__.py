"""Datasets: a file for each kind of source, named by a row of the catalog."""
