"""Checks of the installation and of a home (doctor), and the repair of a home."""
