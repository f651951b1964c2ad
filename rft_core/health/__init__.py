"""Is everything there and in order: doctor, and the repair of a home."""
