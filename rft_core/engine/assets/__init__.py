"""Programs that make the files in assets/: embedded weights, backbone index, recorded images."""
