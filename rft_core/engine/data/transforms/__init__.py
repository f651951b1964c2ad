"""Changes to pictures: augmentation, corruptions, and the filters they use."""
