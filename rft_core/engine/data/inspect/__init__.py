"""A dataset looked over: its card, and pictures that occur twice."""
