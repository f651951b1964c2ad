"""What is measured, in plain numbers: no torch, no store."""
