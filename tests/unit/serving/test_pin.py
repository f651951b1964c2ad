"""The PIN and the door."""

import pytest

from rft_core.errors import UserError
from rft_core.serving import pin as sharing
from rft_core.serving import server
from rft_core.serving.pin import (
    HASH_VARIABLE,
    SERVER_ATTEMPTS,
    SESSION_ATTEMPTS,
    WINDOW_SECONDS,
    Door,
    hash_pin,
    is_loopback,
    is_pin,
    open_door,
)

PIN = "correct 7"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_pin(PIN)


@pytest.fixture
def door(hashed) -> Door:
    return Door(True, hashed, Clock())


class TestPin:
    def test_only_the_pin_fits_its_hash_and_the_hash_does_not_hold_it(self, hashed):
        assert is_pin(PIN, hashed)
        assert not is_pin("correct 8", hashed)
        assert PIN not in hashed
        assert hash_pin(PIN) != hashed

    @pytest.mark.parametrize("damaged", ["", "x", "a:b:c", ":"])
    def test_a_damaged_hash_fits_nothing(self, damaged):
        assert not is_pin("", damaged)

    @pytest.mark.parametrize("short", ["", "12345", "  123  "])
    def test_a_short_pin_is_refused_without_being_repeated(self, short):
        with pytest.raises(UserError, match="at least 6") as caught:
            hash_pin(short)
        assert not short.strip() or short.strip() not in str(caught.value).replace("RFT_PIN", "")

    def test_half_a_character_is_a_wrong_pin(self, hashed):
        assert not is_pin("\udc80", hashed)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),
        ("", False),
        (None, False),
        ("192.168.1.2", False),
        ("evil.example", False),
    ],
)
def test_loopback(address, own):
    assert is_loopback(address) is own


class TestDoor:
    def test_the_pin_gives_a_key_that_fits(self, door):
        key = door.enter(PIN, "me")
        assert door.fits(key)
        assert not any(door.fits(wrong) for wrong in (None, "", True, key[:-1], "\udc80"))

    def test_where_nothing_is_shared_everyone_passes(self):
        assert Door(False).fits(None)

    def test_a_shared_server_without_a_pin_stays_closed(self):
        with pytest.raises(UserError, match="without a PIN"):
            Door(True).enter("", "me")
        assert not Door(True).fits(None)

    def test_a_session_has_five_attempts_and_then_the_right_pin_does_not_help(self, door):
        for _ in range(SESSION_ATTEMPTS):
            with pytest.raises(UserError, match="not the PIN"):
                door.enter("wrong 77", "me")
        with pytest.raises(UserError, match="too many attempts"):
            door.enter(PIN, "me")
        assert door.fits(door.enter(PIN, "another"))
        door.clock.now = WINDOW_SECONDS + 1
        assert door.fits(door.enter(PIN, "me"))

    def test_all_sessions_together_have_thirty(self, door, monkeypatch):
        monkeypatch.setattr(sharing, "is_pin", lambda pin, hashed: False)
        for place in range(SERVER_ATTEMPTS):
            with pytest.raises(UserError, match="not the PIN"):
                door.enter("wrong 77", f"session {place}")
        with pytest.raises(UserError, match="too many attempts"):
            door.enter(PIN, "a new session")

    def test_a_door_shows_neither_its_key_nor_the_tries(self, door):
        assert door.enter(PIN, "me") not in repr(door)


@pytest.mark.parametrize(
    ("address", "variable", "shared"),
    [("127.0.0.1", "", False), ("0.0.0.0", "", True), (None, "", True), ("127.0.0.1", "a:b", True)],
)
def test_who_is_shared(monkeypatch, address, variable, shared):
    monkeypatch.setenv(HASH_VARIABLE, variable)
    assert open_door(address).is_shared is shared


class TestServe:
    @pytest.mark.parametrize(
        "given",
        [
            {"share": True},
            {"share": True, "pin": "123"},
            {"pin": PIN},
            {"names": ("lab.example",)},
            {"share": True, "pin": PIN, "names": ("http://x/",)},
            {"share": True, "pin": PIN, "names": ("",)},
        ],
    )
    def test_what_is_refused_before_anything_starts(self, monkeypatch, given):
        monkeypatch.delenv("RFT_PIN", raising=False)
        monkeypatch.setattr(server, "open_store", lambda: pytest.fail("something was started"))
        with pytest.raises(UserError):
            server.serve_app(8999, **given)

    def test_the_pin_is_handed_on_as_a_hash_only(self, monkeypatch, tmp_path):
        monkeypatch.setenv("RFT_HOME", str(tmp_path))
        monkeypatch.setenv("RFT_PIN", PIN)
        monkeypatch.setattr(
            server,
            "ensure_worker",
            lambda home: (
                "RFT_PIN" in server.os.environ and pytest.fail("the worker would find the PIN")
            ),
        )
        monkeypatch.setattr(server, "is_taken", lambda port, address: False)
        monkeypatch.setattr(server.os, "chdir", lambda path: None)
        started = []
        monkeypatch.setattr(server.os, "execve", lambda *process: started.append(process))
        server.serve_app(8999, share=True, names=("Lab.example",))
        _, arguments, environment = started[0]
        assert not [text for text in (*arguments, *environment.values()) if PIN in text]
        assert is_pin(PIN, environment[HASH_VARIABLE])
        assert arguments[arguments.index("--server.address") + 1] == "0.0.0.0"
        assert "lab.example" in arguments

    def test_alone_it_listens_on_this_machine_only(self):
        arguments = server.streamlit_arguments(8501, server.LOCAL_NAMES, share=False)
        assert arguments[arguments.index("--server.address") + 1] == "127.0.0.1"

    @pytest.mark.parametrize("share", [False, True])
    def test_protections_are_named_so_that_no_configuration_takes_them_off(self, share):
        arguments = server.streamlit_arguments(8501, server.LOCAL_NAMES, share=share)
        named = dict(zip(arguments[4::2], arguments[5::2]))
        assert named["--server.enableCORS"] == named["--server.enableXsrfProtection"] == "true"
        assert named["--server.enableStaticServing"] == "false"
        assert named.get("--server.maxUploadSize") == ("50" if share else None)

    def test_alone_only_this_machines_names_are_answered_and_an_old_hash_is_forgotten(
        self, monkeypatch, tmp_path, hashed
    ):
        monkeypatch.setenv("RFT_HOME", str(tmp_path))
        monkeypatch.setenv(HASH_VARIABLE, hashed)
        for name, value in (
            ("ensure_worker", lambda home: None),
            ("is_taken", lambda port, address: False),
        ):
            monkeypatch.setattr(server, name, value)
        monkeypatch.setattr(server.os, "chdir", lambda path: None)
        started = []
        monkeypatch.setattr(server.os, "execve", lambda *process: started.append(process))
        server.serve_app(8999)
        _, arguments, environment = started[0]
        assert [
            after
            for flag, after in zip(arguments, arguments[1:])
            if flag == "--server.allowedHosts"
        ] == ["localhost", "127.0.0.1"]
        assert HASH_VARIABLE not in environment

    def test_sharing_without_a_pin_says_what_it_is_for(self, monkeypatch):
        monkeypatch.delenv("RFT_PIN", raising=False)
        with pytest.raises(UserError, match="sharing needs a PIN"):
            server.serve_app(8999, share=True)
