"""The Runs page under AppTest: opening it, and reading what it shows."""

import base64
import json

import numpy as np
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from rft_core.store.events import Event
from rft_core.store.run_store import RunStore
from rft_core.store.schema import runs
from tests.ui.dashboard import APP

RUNS = "pages/runs.py"


def opened(**query: str) -> AppTest:
    """The Runs page under a link with this query."""
    app = AppTest.from_file(APP, default_timeout=30)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(RUNS).run()
    assert not app.exception
    return app


def listed(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["name"])


def drawn_buttons(app: AppTest) -> list[str]:
    """The buttons of the chosen run in the order in which they stand, pressable or not."""
    keys = [str(button.key) for button in app.button]
    return [
        key.removeprefix("runs.") for key in keys if key.startswith("runs.") and key.count(".") == 1
    ]


def buttons(app: AppTest) -> set[str]:
    """Those of the chosen run that can be pressed."""
    return {name for name in drawn_buttons(app) if not app.button(key=f"runs.{name}").disabled}


def click(app: AppTest, row: int) -> None:
    """Choose a row of the list, as a click does."""
    app.session_state[str(app.dataframe[0].key)] = {
        "selection": {"rows": [row], "columns": [], "cells": []}
    }
    app.run()


def followed(app: AppTest) -> str:
    """The HTML of the followed images; "" where none are drawn."""
    return "".join(
        one.proto.body for one in app.get("html") if 'class="followed"' in one.proto.body
    )


def drawn(app: AppTest) -> float:
    """The accuracy at epsilon 0 of the robustness curve on the page, in percent."""
    values = json.loads(app.get("plotly_chart")[1].proto.spec)["data"][0]["y"]
    return float(np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])[0])


def put(store: RunStore, run_id: str, **values) -> None:
    with store.engine.begin() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(**values))


def train(place: int, step: int, wall_time: float) -> Event:
    payload = {
        "loss": 1.0,
        "epsilon": 0.01,
        "learning_rate": 0.001,
        "images_per_second": 321.0,
        "process_memory_mib": 1536.0,
    }
    return Event(place, step, step / 10, wall_time, "train", payload)
