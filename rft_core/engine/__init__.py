"""Door 2, with torch: what runs inside a training process.

Pages and the CLI's light commands never import it.
"""
