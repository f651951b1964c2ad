"""What is asked: RunSpec, its sections, the menus, the schedules, presets, and specs as links and
commands. Loads no torch.
"""
