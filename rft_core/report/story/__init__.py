"""The story: the race, its replay, and the figures and sentences of each step."""
