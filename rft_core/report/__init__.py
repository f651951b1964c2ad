"""What people look at, from plain data: figures, comparisons, exports."""
