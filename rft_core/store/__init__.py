"""The run store: runs and claims, events, artifacts. Loads no torch."""
