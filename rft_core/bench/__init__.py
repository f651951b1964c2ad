"""How fast the engine is on this machine, beside what a user would write around torchattacks.

The only part that is not the engine.
"""
