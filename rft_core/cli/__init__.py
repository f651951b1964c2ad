"""python -m rft_core ...: commands by theme, what they print, and the program of them all.

The one room that joins worker and engine.
"""

from rft_core.cli.command_line import app, main

__all__ = ["app", "main"]
