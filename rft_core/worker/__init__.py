"""The worker: claims queued runs, one a device, and gives each a process of its own.

Knows nothing about the engine.
"""
