"""How the dashboard's process begins."""

import subprocess
import sys

from rft_core.files.home import CHECKOUT

LOOK = """
import sys, threading
whole, begin = [], threading.Thread.start
def look(thread):
    whole.append(hasattr(sys.modules.get("pandas"), "Series"))
    begin(thread)
threading.Thread.start = look
import pages.ui.chrome.served_app
sys.exit(not whole or not all(whole))
"""


def test_pandas_is_whole_before_a_thread_imports_anything():
    """A first visitor's figure failed: plotly found the half of pandas that the warming
    thread had imported.
    """
    subprocess.run([sys.executable, "-c", LOOK], cwd=CHECKOUT, check=True, timeout=120)


WAIT = """
import gc, threading
import pages.ui.chrome.served_app
for thread in threading.enumerate():
    if thread is not threading.current_thread() and not thread.name.startswith("asyncio"):
        thread.join(60)
everything = len(gc.get_objects())
assert gc.get_freeze_count() > 10 * everything, (gc.get_freeze_count(), everything)
"""


def test_modules_are_not_looked_through_for_garbage_after_every_page():
    """With them a page of one visitor keeps all others waiting for a tenth of a second and more."""
    subprocess.run([sys.executable, "-c", WAIT], cwd=CHECKOUT, check=True, timeout=120)
