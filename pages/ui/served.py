"""What `python -m rft_core app` serves: app.py behind the guard. Streamlit finds the application by its name."""

import streamlit as st
from starlette.middleware import Middleware

from rft_core.guard import Guard
from rft_core.home import CHECKOUT

app = st.App(CHECKOUT / "app.py", middleware=[Middleware(Guard, allowed=tuple(st.get_option("server.allowedHosts")))])
