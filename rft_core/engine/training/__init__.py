"""Training: the loop, the optimiser, and a run measured while it trains."""
