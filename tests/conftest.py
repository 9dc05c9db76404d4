"""What every test shares: where the checkout is, and property tests that do not depend on how busy the machine is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from policyd.vocabulary.stacks import SHOWER, plain_texts

# A shared machine makes single examples slow at random; a time limit an example would only find that.  Examples are the same
# in every run, so that one that fails can be looked at; POLICYD_FUZZ=1 makes up others.
settings.register_profile("policyd", deadline=None, derandomize=not os.environ.get("POLICYD_FUZZ"))
settings.load_profile("policyd")

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden C anew")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the source tree, which holds `policies/`, `docs/` and `scripts/`."""
    return CHECKOUT


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test writes into the home of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _own_names_of_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands put better names of frames in place for their process; a test's are gone with it."""
    monkeypatch.setattr(SHOWER, "texts", plain_texts)
