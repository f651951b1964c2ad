"""python -m rft_core"""

import os

from rft_core.cli import main

if __name__ == "__main__":
    # OpenMP reads it when torch is loaded. Its threads would otherwise spin while they wait for one another: beside a browser or the
    # page's server on the same cores, a training step then takes several times as long
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
