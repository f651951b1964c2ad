"""rft_core.files.home: where things are kept."""

import pytest

from rft_core.errors import StoreError
from rft_core.files.home import find_home


def test_home_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("RFT_HOME", str(tmp_path / "a" / "b"))
    monkeypatch.delenv("RFT_STORE", raising=False)
    home = find_home()
    assert home.root == tmp_path / "a" / "b"
    assert home.runs.is_dir()
    assert home.store_url == f"sqlite:///{home.root / 'rft.db'}"
    assert home.run_folder("x") == home.runs / "x"


def test_another_store(home, monkeypatch):
    monkeypatch.setenv("RFT_STORE", "postgresql://host/name")
    assert find_home().store_url == "postgresql://host/name"
    assert find_home().root == home.root


def test_empty_variables_count_as_unset(home, monkeypatch):
    monkeypatch.setenv("RFT_STORE", "")
    assert find_home().store_url.startswith("sqlite:///")


def test_a_home_that_cannot_be_made_names_itself(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RFT_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="RFT_HOME is .*file/home.*set RFT_HOME"):
        find_home()
