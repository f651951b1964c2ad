"""A browser tab without a browser: a real Streamlit session over its WebSocket, which asks for
pages and answers their timers as the page's script does.

What a browser fetches besides (pictures, fonts, scripts) and what it draws are left out; every
message of the session is received and read.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from urllib.parse import parse_qs

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

# a page that takes longer counts as an error
PAGE_SECONDS = 60.0
# after a refused session the next one is not asked for at once
REFUSED_SECONDS = 5.0
# as many complete runs of the script as Streamlit's page keeps a message that is not used again
MESSAGE_AGE = 2


class Visits:
    """What all visitors together have seen: seconds by kind of page, and what went wrong."""

    def __init__(self):
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []


class Visitor:
    """One session. `visits` receives the seconds of pages and refreshes, and the errors."""

    def __init__(self, port: int, visits: Visits):
        self.port, self.visits = port, visits
        self.page = self.query = self.script_hash = ""
        self._buttons: dict[str, str] = {}
        self._pages: dict[str, str] = {}
        self._timers: dict[str, asyncio.Task] = {}
        # fragment -> when its refresh was asked for
        self._asked: dict[str, float] = {}
        self._hashes: dict[str, int] = {}
        self._runs, self._is_full = 0, False
        self._fragments: tuple[str, ...] = ()
        self._finished: asyncio.Event = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task | None = None

    async def open(self, page: str, query: str = "") -> bool:
        """Begin a session at a page, as a typed address does; return whether
        the page came whole.
        """
        own, self.page, self.query = f"127.0.0.1:{self.port}", page, query
        try:
            self._socket = await connect(
                f"ws://{own}/_stcore/stream",
                origin=Origin(f"http://{own}"),
                subprotocols=[Subprotocol("streamlit")],
                proxy=None,
                max_size=None,
            )
        except (OSError, WebSocketException) as error:
            self.visits.errors.append(f"{self._name()}: no session: {error}")
            await asyncio.sleep(REFUSED_SECONDS)
            return False
        self._reader = asyncio.create_task(self._read())
        return await self._ask("new session")

    async def go(self, page: str, query: str = "") -> bool:
        """Go to another page of the open session, as a click on its link does."""
        self.page, self.query, self.script_hash = page, query, self._pages[page]
        return await self._ask()

    async def rerun(self) -> bool:
        """Have the page drawn anew, as any widget does."""
        return await self._ask()

    async def press(self, label: str) -> bool:
        """Press the button of that label; return whether it was there and the page that it
        leads to came whole.
        """
        if label not in self._buttons:
            self.visits.errors.append(f"{self._name()}: there is no button '{label}'")
            return False
        return await self._ask(label, pressed=self._buttons[label])

    def parameter(self, name: str) -> str:
        """Return a parameter of the address, empty where it is not there."""
        return parse_qs(self.query).get(name, [""])[-1]

    async def close(self) -> None:
        """End the session as a closed tab does."""
        self._stop_timers(list(self._timers))
        if self._reader is not None:
            self._reader.cancel()
        if self._socket is not None:
            await self._socket.close()

    def _name(self, what: str = "") -> str:
        return f"{self.page or 'story'}, {what}" if what else self.page or "story"

    async def _ask(self, what: str = "", pressed: str = "") -> bool:
        name = self._name(what)
        self._stop_timers(list(self._timers))
        self._finished.clear()
        self._is_full, started = False, time.monotonic()
        try:
            await self._send(pressed=pressed)
            await asyncio.wait_for(self._finished.wait(), PAGE_SECONDS)
        except (TimeoutError, ConnectionClosed) as error:
            self.visits.errors.append(
                f"{name}: {type(error).__name__} after {time.monotonic() - started:.0f} s"
            )
            return False
        self.visits.seconds[name].append(time.monotonic() - started)
        return True

    async def _send(self, fragment: str = "", pressed: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash, state.fragment_id, state.is_auto_rerun = (
            self.query,
            self.script_hash,
            fragment,
            bool(fragment),
        )
        if not self.script_hash:
            state.page_name = self.page
        state.cached_message_hashes.extend(self._hashes)
        state.context_info.url = f"http://127.0.0.1:{self.port}/{self.page}"
        state.context_info.timezone = "UTC"
        if pressed:
            state.widget_states.widgets.add(id=pressed, trigger_value=True)
        await self._session().send(message.SerializeToString())

    def _session(self) -> ClientConnection:
        assert self._socket is not None, "a visitor opens a page first"
        return self._socket

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in self._session():
                message = ForwardMsg()
                message.ParseFromString(data)
                self._receive(message)
        self.visits.errors.append(f"{self._name()}: the server closed the session")
        self._stop_timers(list(self._timers))

    def _receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        known = (
            message.ref_hash
            if kind == "ref_hash"
            else message.hash
            if message.metadata.cacheable
            else ""
        )
        if known:
            self._hashes[known] = self._runs
        if kind == "new_session":
            self._begin(message)
        elif kind == "navigation":
            self._arrive(message.navigation)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta.new_element)
        elif kind == "auto_rerun":
            self._start_timer(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            self._stop_timers(message.stop_auto_rerun.fragment_ids)
        elif kind == "script_finished":
            self._end(message.script_finished)

    def _begin(self, message: ForwardMsg) -> None:
        self._fragments = tuple(message.metadata.run.fragment_ids)
        self._is_full = not self._fragments
        if self._is_full:
            self._stop_timers(list(self._timers))
            self._buttons.clear()
            self._runs += 1

    def _arrive(self, navigation) -> None:
        self._pages = {page.url_pathname: page.page_script_hash for page in navigation.app_pages}
        self.script_hash = navigation.page_script_hash
        self.page = next(
            (name for name, known in self._pages.items() if known == self.script_hash), self.page
        )

    def _draw(self, element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            self.visits.errors.append(
                f"{self._name()}: shows {element.exception.type} {element.exception.message}"
            )
        elif kind == "button" and not element.button.disabled:
            self._buttons[element.button.label] = element.button.id

    def _end(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.visits.errors.append(f"{self._name()}: its script cannot be compiled")
        if status == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
            for identifier in self._fragments:
                asked = self._asked.pop(identifier, None)
                if asked is not None:
                    self.visits.seconds[self._name("refresh")].append(time.monotonic() - asked)
        elif status == ForwardMsg.FINISHED_SUCCESSFULLY and self._is_full:
            self._hashes = {
                known: used
                for known, used in self._hashes.items()
                if self._runs - used <= MESSAGE_AGE
            }
            self._finished.set()

    def _start_timer(self, fragment: str, seconds: float) -> None:
        self._stop_timers([fragment])
        self._timers[fragment] = asyncio.create_task(self._refresh(fragment, seconds))

    def _stop_timers(self, fragments: list[str]) -> None:
        for fragment in fragments:
            self._asked.pop(fragment, None)
            if timer := self._timers.pop(fragment, None):
                timer.cancel()

    async def _refresh(self, fragment: str, seconds: float) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(seconds)
                self._asked.setdefault(fragment, time.monotonic())
                await self._send(fragment)
