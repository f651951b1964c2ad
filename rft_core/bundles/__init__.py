"""Bundles: runs, or a whole home, as one zip with a manifest; written here, checked byte by byte
where they come in. Loads no torch.
"""
