"""What a run or an evaluation will cost, known before it starts. Loads no torch."""
