"""A page of code each: RFT Lab as a library. `python -m examples.own_loop --help`."""
