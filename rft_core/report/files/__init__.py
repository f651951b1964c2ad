"""Runs as files: tables, JSON, one HTML report."""
