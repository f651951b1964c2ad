"""Work in the background that is not a run: cards of datasets, evaluations. Loads no torch."""
