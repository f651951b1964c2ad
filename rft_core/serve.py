"""Start the dashboard: look at the port first, warm a worker, hand over to Streamlit."""

import os
import socket
import sys

from rft_core.errors import UserError
from rft_core.home import CHECKOUT
from rft_core.store.run_store import open_store
from rft_core.worker.submit import ensure_worker

ADDRESS = "127.0.0.1"


def serve_app(port: int) -> None:
    """Replace this process by the dashboard on `port`; a port in use or a store that cannot be opened raises first."""
    if is_taken(port):
        raise UserError(f"port {port} is in use (is RFT Lab already open at http://{ADDRESS}:{port} ?); choose another with `make app PORT={port + 1}`")
    store = open_store()
    store.reconcile()
    ensure_worker(store.home)
    sys.stderr.write(f"RFT Lab is at http://{ADDRESS}:{port} (runs are kept in {store.home.root}; Ctrl-C closes the page, runs go on)\n")
    sys.stderr.flush()
    os.chdir(CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(CHECKOUT / "app.py"), "--server.port", str(port)])


def is_taken(port: int) -> bool:
    """Return whether something listens on `port` of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False
