"""python -m rft_core"""

from rft_core.cli import main

if __name__ == "__main__":
    main()
