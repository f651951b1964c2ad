"""The dashboard served: its start, the guard of requests, the PIN, and what viewers may launch."""
