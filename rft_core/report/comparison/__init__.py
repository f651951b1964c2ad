"""Runs side by side: their lines, tables, pairs and sentences."""
