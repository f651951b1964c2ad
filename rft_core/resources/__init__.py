"""What is known of backbones and datasets, and which are here. Loads no torch."""
