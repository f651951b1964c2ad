"""One run, or a run before it starts: its figures, its history, its sentences."""
