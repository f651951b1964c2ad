"""What must be there before the dashboard's first thread."""

import subprocess
import sys

from rft_core.home import CHECKOUT

LOOK = """
import sys, threading
whole, begin = [], threading.Thread.start
def look(thread):
    whole.append(hasattr(sys.modules.get("pandas"), "Series"))
    begin(thread)
threading.Thread.start = look
import pages.ui.served
sys.exit(not whole or not all(whole))
"""


def test_pandas_is_whole_before_a_thread_imports_anything():
    """A first visitor's figure failed: plotly found the half of pandas that the warming thread had imported."""
    subprocess.run([sys.executable, "-c", LOOK], cwd=CHECKOUT, check=True, timeout=120)
