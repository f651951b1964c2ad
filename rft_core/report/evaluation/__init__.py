"""One evaluation: its figures and sentences."""
