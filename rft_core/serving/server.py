"""Start the dashboard: check the port, start a worker, hand over to Streamlit."""

import os
import socket
import sys
from collections.abc import Mapping

import psutil

from rft_core.errors import UserError
from rft_core.files.home import CHECKOUT, INSTALLED
from rft_core.serving.launch_limits import LIMITS_VARIABLE, LaunchLimits, to_text
from rft_core.serving.pin import HASH_VARIABLE, PIN_VARIABLE, hash_pin
from rft_core.serving.request_guard import host_name
from rft_core.store.run_store import open_store
from rft_core.worker.submit import ensure_worker

ADDRESS, EVERYWHERE = "127.0.0.1", "0.0.0.0"
LOCAL_NAMES = ("localhost", ADDRESS)
# a visitor's browser can send files before any page is opened, so each may send only little
SHARED_UPLOAD_MB = 50


def serve_app(
    port: int,
    *,
    share: bool = False,
    pin: str | None = None,
    names: tuple[str, ...] = (),
    launching: LaunchLimits | None = None,
) -> None:
    """Replace this process by the dashboard on `port`; a port in use or a store that cannot be
    opened raises first.

    With `share`, other machines reach it under this machine's addresses, its name and `names`;
    visitors are viewers until they give the PIN; with `launching` viewers may launch runs within
    those limits. Sharing without a PIN raises.
    """
    environment = dict(os.environ)
    given = environment.pop(PIN_VARIABLE, "")
    # programs that this process starts must not find the PIN
    os.environ.pop(PIN_VARIABLE, None)
    environment.pop(HASH_VARIABLE, None)
    environment.pop(LIMITS_VARIABLE, None)
    if share:
        environment[HASH_VARIABLE] = _hashed(pin or given)
        if launching is not None:
            environment[LIMITS_VARIABLE] = to_text(launching)
    elif pin or names or launching is not None:
        raise UserError(
            "--pin, --host and --viewers-launch are for a shared dashboard; add --share, or leave"
            " them out"
        )
    hosts = (*LOCAL_NAMES, *_shared_names(names)) if share else LOCAL_NAMES
    if is_taken(port, EVERYWHERE if share else ADDRESS):
        is_installed = CHECKOUT == INSTALLED
        other = f"rft-lab app --port {port + 1}" if is_installed else f"make app PORT={port + 1}"
        raise UserError(
            f"port {port} is in use (is RFT Lab already open at http://{ADDRESS}:{port} ?); choose"
            f" another with `{other}`"
        )
    store = open_store()
    store.reconcile()
    ensure_worker(store.home)
    _print_addresses(port, lan_addresses() if share else (), str(store.home.root))
    os.chdir(CHECKOUT)
    os.execve(
        sys.executable, [sys.executable, *streamlit_arguments(port, hosts, share)], environment
    )


def streamlit_arguments(port: int, hosts: tuple[str, ...], share: bool) -> list[str]:
    """Return the arguments of the Streamlit process: protections are named here too, so that no
    user configuration turns them off.
    """
    options: dict[str, object] = {
        "server.port": port,
        "server.address": EVERYWHERE if share else ADDRESS,
        # otherwise Streamlit asks a server on the internet for this machine's address
        "browser.serverAddress": next(iter(lan_addresses()), ADDRESS) if share else ADDRESS,
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
    }
    if share:
        options["server.maxUploadSize"] = SHARED_UPLOAD_MB
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    allowed = [part for host in hosts for part in ("--server.allowedHosts", host)]
    return [
        "-m",
        "streamlit",
        "run",
        str(CHECKOUT / "pages" / "ui" / "chrome" / "served_app.py"),
        *flags,
        *allowed,
    ]


def _hashed(pin: str) -> str:
    if not pin:
        raise UserError(
            "sharing needs a PIN, so that visitors cannot start or delete runs; give one with"
            f" --pin, or in {PIN_VARIABLE}"
        )
    return hash_pin(pin)


def _shared_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names under which visitors may ask for the page; one that is
    no host name raises.
    """
    for name in names:
        if host_name(name) != name.lower() or not name:
            raise UserError(
                f"--host '{name}' is not a host name; give only the name or address that visitors"
                " type, for example lab.example.org"
            )
    own = socket.gethostname().lower()
    return tuple(
        dict.fromkeys((*lan_addresses(), own, f"{own}.local", *(name.lower() for name in names)))
    )


def lan_addresses(interfaces: Mapping[str, list] | None = None) -> tuple[str, ...]:
    """Return this machine's IPv4 addresses that other machines may reach, in the system's order."""
    found = psutil.net_if_addrs() if interfaces is None else interfaces
    every = [
        address.address
        for addresses in found.values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    return tuple(address for address in every if not address.startswith(("127.", "169.254.")))


def _print_addresses(port: int, others: tuple[str, ...], home: str) -> None:
    sys.stderr.write(
        f"RFT Lab is at http://{ADDRESS}:{port} (runs are kept in {home}; Ctrl-C closes the page,"
        " runs go on)\n"
    )
    if others:
        sys.stderr.write(
            f"Shared at {', '.join(f'http://{address}:{port}' for address in others)}: visitors are"
            " viewers until they give the PIN; the line is not encrypted\n"
        )
    sys.stderr.flush()


def is_taken(port: int, address: str = ADDRESS) -> bool:
    """Return whether something listens on `port` of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False
