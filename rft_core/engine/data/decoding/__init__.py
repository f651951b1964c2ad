"""From a listing to tensors: which pictures a run needs, decoded once and kept."""
