"""How fast the engine is here, compared with what a user would write with torchattacks."""
