"""Changes to pictures: augmentation, corruptions, and the filters that they are made of."""
