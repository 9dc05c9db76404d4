"""The page of `policyd report`: whole, escaped, quiet; and drawn by a real browser, where there is one."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_by_hand import OBSERVED, RECORD, FakeKernel

from policyd.cli import run
from policyd.errors import LockError, NotFoundError
from policyd.pictures.charts import heat_map, histogram_bars, line_chart, ticks
from policyd.pictures.facts import Facts, PolicyFacts, StackPicture, last_events
from policyd.pictures.markup import Markup, element
from policyd.pictures.report import report_page
from policyd.pictures.tracks import Reading, Track, tracks
from policyd.reading.metrics import Family, Histogram
from policyd.status import hook_views, policy_views

EVIL = "</style><script>alert(1)</script>\"'&<b onx=1>\x1b]0;x\x07\u202e"
BOUNDS = (1e-6, 2e-6, 4e-6)
VIEW = policy_views(OBSERVED, FakeKernel())["opens"]
EVENT = {"time": "2026-01-02T03:04:05.678901234Z", "rule": "open", "hook": "syscall:openat", "fields": {"path": EVIL}}


def families(at: int, name: str) -> list[Family]:
    value = Histogram(BOUNDS, (0, at, 2 * at, 0), 3e-6 * at, 3 * at)
    stats: dict[str, Any] = {"output": "io"}
    return [
        Family("opens_total", "opens", "counter", name, "", (({"comm": name}, 10 * at), ({"comm": "ls"}, 3))),
        Family("depth", "opens", "gauge", "How deep", "", (({}, 5 - at),)),
        Family("read_seconds", "opens", "histogram", "Reads", "seconds", (({"comm": "dd"}, value),)),
        Family("io_calls", "opens", "counter", "", "", (({"comm": "dd"}, at),), column="calls", **stats),
        Family("io_spread", "opens", "histogram", "", "", (({"comm": "dd"}, value),), column="spread", **stats),
        Family("empty_seconds", "opens", "histogram", "", "seconds", (({}, Histogram(BOUNDS, (0,) * 4, 0, 0)),)),
        Family("policyd_events_matched_total", "opens", "counter", "", "", (({}, at),)),
    ]


def facts(name: str = "cat", slices: int = 8) -> Facts:
    readings = [Reading(float(at), tuple(families(at, name))) for at in range(slices + 1)]
    found = tracks(readings)
    own = tuple(track for track in found if not track.family.name.startswith("policyd_"))
    books = tuple(track for track in found if track.family.name.startswith("policyd_"))
    view = replace(VIEW, reasons=(f"broken: {name}",), phase="Degraded")
    stacks = (StackPicture(name, f"<svg xmlns='http://www.w3.org/2000/svg'><text>{len(name)}</text></svg>", 7, 1),)
    spec = {"description": name, "severity": "high"}
    policy = PolicyFacts(
        view, spec, own, books, (EVENT, EVENT | {"message": name, "verdict": "would-deny"}), "", 4096, stacks
    )
    quiet = PolicyFacts(replace(VIEW, record=replace(RECORD, name="quiet")), {}, untold="another process reads them")
    hooks = tuple(hook_views(OBSERVED, FakeKernel()))
    return Facts(name, "6.1.0 x86_64", 1.7e9, float(slices), (policy, quiet), hooks, (f"/sys/fs/bpf/{name}",))


class Reader(HTMLParser):
    """Checks that elements are closed in their order, and remembers them with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("name", ["cat", EVIL])
@pytest.mark.parametrize("slices", [0, 8])
def test_the_page_is_whole_and_loads_nothing(name: str, slices: int) -> None:
    page = report_page(facts(name, slices))
    seen = read(page).seen

    assert page.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in seen}
    for tag, attributes in seen:
        assert not [key for key in attributes if key.startswith("on") or key in {"style", "srcset", "action"}], tag
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:image/svg+xml;base64,"))
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_what_is_foreign_is_shown_as_text() -> None:
    reader = read(report_page(facts(EVIL)))

    assert reader.text.count("<script>alert(1)</script>") > 8
    assert "\\x1b]0;x\\x07" in reader.text


def test_the_style_is_the_one_that_the_page_allows() -> None:
    page = report_page(facts())
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    (policy,) = [one["content"] for tag, one in read(page).seen if one.get("http-equiv") == "Content-Security-Policy"]

    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy is not None
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy


def test_every_class_of_the_page_has_a_style_and_every_style_a_use() -> None:
    page = report_page(facts())
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    styled = set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"\{[^}]*\}", "", style)))
    used = {word for _, one in read(page).seen for word in (one.get("class") or "").split()}

    plain = {"good", "area-1", "begin", "chart", "name", "value", "axis"}  # the look of what they stand in is enough
    assert used - styled <= plain
    several = {f"{kind}-{at}" for kind, most in (("heat", 8), ("line", 6)) for at in range(1, most + 1)}
    assert styled - used <= several | {"accent", "none", "number", "warn", "share", "value", "axis", "end", "name"}


def test_what_is_wrong_stands_above_everything_else() -> None:
    text = read(report_page(facts())).text

    assert text.index("broken: cat") < text.index("Latest events")
    assert "/sys/fs/bpf/cat" in text
    assert "another process reads them" in text
    assert "events lost" in text
    assert "1: ring full" in text


def test_every_output_has_its_section() -> None:
    text = read(report_page(facts())).text

    for word in ("opens_total", "depth", "read_seconds", "io", "calls", "spread", "Latest events", "would-deny", "+80"):
        assert word in text
    assert text.count("Nothing yet.") == 1


def test_pictures_say_in_words_what_they_show() -> None:
    seen = read(report_page(facts())).seen

    for tag, attributes in seen:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"
        if tag == "img":
            assert attributes["alt"]


def test_an_empty_host_is_a_page_too() -> None:
    assert "policyd init" in report_page(Facts("vm", "6.1.0", 1.7e9, 0.0))


# ------------------------------------------------------------------------------------------------ charts


def track(*values: Histogram | int, type_: Any = "counter", unit: str = "") -> Track:
    readings = [Reading(float(at), (Family("n", "p", type_, "", unit, (({}, value),)),)) for at, value in enumerate(values)]
    return tracks(readings)[0]


def test_the_longest_bar_is_the_fullest_bucket_and_no_bucket_is_invisible() -> None:
    drawn = histogram_bars(Histogram(BOUNDS, (1, 0, 10_000, 0), 1.0, 10_001), "seconds", "reads")
    wide = [float(width) for width in re.findall(r'<rect class="bar"[^>]* width="([\d.]+)"', drawn)]

    assert wide[2] == max(wide)
    assert wide[0] >= 1.5
    assert wide[1] == 0
    assert "mostly 2 µs .. 4 µs" in drawn


def test_a_heat_map_has_a_box_for_each_bucket_of_a_slice_that_has_values() -> None:
    none, some, more = (Histogram(BOUNDS, (0, count, 0, 0), 0.0, count) for count in (0, 1, 65))

    drawn = heat_map(track(none, some, some, more, type_="histogram", unit="seconds"), "reads")

    assert drawn is not None
    assert re.findall(r'class="heat-(\d)"', drawn) == ["1", "8"]
    assert heat_map(track(none, none, type_="histogram"), "reads") is None


def test_lines_are_broken_where_a_series_was_not_there() -> None:
    family = Family("n", "p", "gauge", "", "", (({}, 1),))
    readings = [Reading(float(at), () if at == 3 else (family,)) for at in range(7)]

    assert line_chart(tracks(readings), "n").count("<polyline") == 2


@given(st.just(0.0) | st.floats(-1e12, -1e-9), st.floats(1e-9, 1e15))
def test_ticks_are_few_and_hold_everything_between_them(low: float, high: float) -> None:
    marks = ticks(low, high)

    assert marks[0] <= low + abs(low) * 1e-9
    assert marks[-1] >= high * (1 - 1e-9)
    assert 2 <= len(marks) <= 7
    assert any(abs(mark) < 1e-12 * (high - low) for mark in marks)


def test_markup_is_made_and_text_is_not() -> None:
    assert (
        element("p", "<b>", Markup("<i>"), ["&", 1], None, title='"', hidden=None)
        == '<p title="&quot;">&lt;b&gt;<i>&amp;1</p>'
    )


# ------------------------------------------------------------------------------------------------ gathering


class Locked:
    def __init__(self, *_: object) -> None:
        pass

    def stream(self) -> None:
        raise LockError("held")


def test_where_another_process_reads_the_events_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.pictures.facts.PolicyReader", Locked)

    assert last_events(FakeKernel(), RECORD, 5, lambda *_: [EVENT]) == ((EVENT,), "")  # type: ignore[arg-type]

    def gone(*_: object) -> list[Any]:
        raise NotFoundError("no agent")

    events, untold = last_events(FakeKernel(), RECORD, 5, gone)  # type: ignore[arg-type]
    assert events == ()
    assert "no agent" in untold


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with one policy, whose ring another process holds, and an agent that does not answer."""
    monkeypatch.setattr("policyd.cli.report.open_kernel", lambda *_: FakeKernel())
    monkeypatch.setattr("policyd.record.read_policies", lambda _: {"opens": RECORD})
    monkeypatch.setattr("policyd.pictures.facts.observe", lambda _: OBSERVED)
    monkeypatch.setattr("policyd.pictures.facts.PolicyReader", Locked)
    monkeypatch.setattr("policyd.pictures.facts.read_families", lambda *_: families(1, "cat")[:6])
    monkeypatch.setattr("policyd.cli.plotting.time.sleep", lambda _: None)


def test_the_command_writes_a_page_and_says_where(host: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    assert run(["report", "-o", str(path), "--over", "1s", "--socket", str(tmp_path / "none"), "--no-stacks"]) == 0

    assert f"{path}: 1 policy, " in capsys.readouterr().out
    assert "opens_total" in read(path.read_text()).text


def test_the_command_prints_a_page(host: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "-o", "-", "--socket", str(tmp_path / "none"), "--no-stacks"]) == 0

    shown = capsys.readouterr()
    assert read(shown.out).text
    assert shown.err == ""


# ------------------------------------------------------------------------------------------------ a browser

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
)  # fmt: skip


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Any]:
    """Run a browser on a page; whatever it has started is ended with it."""
    if not BROWSER:
        pytest.skip("no chromium here")
    running: list[subprocess.Popen[bytes]] = []

    def look(page: Path, *options: str) -> str:
        words = [BROWSER, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", *options, page.as_uri()]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        running.append(process)
        try:
            return process.communicate(timeout=120)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            pytest.skip("the browser here does not come to an end")

    yield look
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_browser_draws_the_page_and_has_nothing_to_refuse(browse: Any, tmp_path: Path) -> None:
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(report_page(facts(EVIL)), encoding="utf-8")

    told = browse(page, f"--screenshot={picture}", "--window-size=1280,2400")
    if not picture.exists():
        pytest.skip(f"the browser here draws nothing: {told[-400:]}")

    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (1280, 2400)
    assert len(data) > 60_000  # an empty page is a tenth of it
    assert "Content Security Policy" not in told
    assert "CONSOLE" not in told
