"""What all figures share: size, axes, labels, the view from the back row."""
