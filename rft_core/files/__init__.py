"""Where things are kept; folders that are written whole or not at all; files of
strangers, read safely.
"""
