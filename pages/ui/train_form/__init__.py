"""The form of the Train page."""
