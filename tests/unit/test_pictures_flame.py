"""Flame graphs: sound XML that stands alone, frames in their places, text that cannot break out, life in a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

import pytest

from policyd.pictures.flame import MARGIN, WIDTH, Look, flame_graph
from policyd.pictures.samples import Frame, Kind, Sample

MAIN, READ, WORK = (Frame(name, Kind.USER, "app") for name in ("main", "read", "work"))
KERNEL, MADE = Frame("vfs_read", Kind.KERNEL, "kernel"), Frame("LFoo;::bar", Kind.MADE, "perf-1.map")
SAMPLES = (
    Sample((MAIN, READ, KERNEL), 60, (("comm", "app"),)),
    Sample((MAIN, WORK), 30, (("comm", "app"),)),
    Sample((MAIN, MADE), 10, (("comm", "other"),)),
)
SVG = "{http://www.w3.org/2000/svg}"


def frames(text: str) -> dict[str, ET.Element]:
    return {one.get("data-n", ""): one for one in ET.fromstring(text).iter(f"{SVG}g") if one.get("class") == "f"}


def box(frame: ET.Element) -> tuple[float, float, float]:
    rect = frame.find(f"{SVG}rect")
    assert rect is not None
    return float(rect.get("x", 0)), float(rect.get("y", 0)), float(rect.get("width", 0))


def title(frame: ET.Element) -> str:
    return frame.findtext(f"{SVG}title", "")


def fill(frame: ET.Element) -> str:
    rect = frame.find(f"{SVG}rect")
    assert rect is not None
    return rect.get("fill", "")


def test_widths_are_shares_and_callees_stand_on_their_callers() -> None:
    found = frames(flame_graph(SAMPLES, Look("oncpu", unit="events")))
    room = WIDTH - 2 * MARGIN

    assert box(found["all"])[::2] == (MARGIN, room)
    assert box(found["vfs_read"])[2] == pytest.approx(0.6 * room, abs=0.01)
    assert box(found["vfs_read"])[1] < box(found["read"])[1] < box(found["app"])[1] < box(found["all"])[1]
    assert box(found["vfs_read"])[0] == box(found["read"])[0]
    assert title(found["work"]) == "work (app): 30 events, 30.0 %"


def test_an_icicle_hangs_from_the_top_and_a_reversed_one_begins_with_the_innermost() -> None:
    icicle = frames(flame_graph(SAMPLES, Look("oncpu", icicle=True)))
    reverse = frames(flame_graph(SAMPLES, Look("oncpu", reverse=True)))

    assert box(icicle["all"])[1] < box(icicle["app"])[1] < box(icicle["vfs_read"])[1]
    assert box(reverse["vfs_read"])[1] < box(reverse["read"])[1]
    assert "app" not in reverse


def test_the_kernel_and_programs_have_colours_of_their_own_always_the_same() -> None:
    first, second = (frames(flame_graph(samples, Look("oncpu"))) for samples in (SAMPLES, SAMPLES[1:]))
    hues = {name: int(re.findall(r"hsl\((\d+)", fill(first[name]))[0]) for name in ("main", "vfs_read", "LFoo;::bar")}

    assert hues["main"] < 60 < hues["LFoo;::bar"] < 170 < hues["vfs_read"]
    assert fill(first["work"]) == fill(second["work"])


def test_nothing_comes_from_elsewhere_and_the_same_samples_are_the_same_text() -> None:
    text = flame_graph(SAMPLES, Look("oncpu"))

    assert set(re.findall(r"https?://[^\"']+", text)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    assert not re.search(r"\b(href|src|url)\b\s*[=(]", text)
    assert text == flame_graph(SAMPLES, Look("oncpu"))


@pytest.mark.parametrize("name", ["]]><script>alert(1)</script>", '"\'><g onload="x"', "a&amp;<b>", "std::vector<int>"])
def test_names_cannot_break_out(name: str) -> None:
    sample = Sample((Frame(name, Kind.USER, name),), 1, (("comm", name),))
    root = ET.fromstring(flame_graph([sample], Look(name, name, name)))

    assert len(list(root.iter(f"{SVG}script"))) == 1
    assert not [one for one in root.iter() if any(key.startswith("on") for key in one.attrib)]
    assert name in {one.get("data-n") for one in root.iter(f"{SVG}g")}


def test_what_is_too_narrow_to_see_is_left_out_with_all_it_called() -> None:
    narrow = Sample((Frame("rare", Kind.USER), Frame("deep", Kind.USER)), 1)
    found = frames(flame_graph([Sample((MAIN,), 100_000), narrow], Look("oncpu")))

    assert found.keys() == {"all", "main"}


def test_of_very_many_frames_the_widest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policyd.pictures.flame.MOST_FRAMES", 4)
    samples = [Sample((Frame(f"f{number}", Kind.USER), MAIN), 10 + number) for number in range(5)]

    assert sorted(frames(flame_graph(samples, Look("oncpu")))) == ["all", "f4", "main"]


@pytest.mark.parametrize("samples", [(), (Sample((MAIN,), 0),), (Sample((MAIN,), -5),)])
def test_of_nothing_there_is_a_picture_that_says_so(samples: tuple[Sample, ...]) -> None:
    text = flame_graph(samples, Look("oncpu"))

    assert frames(text) == {}
    assert "No stack has been counted yet." in text


def test_values_are_shown_in_their_unit() -> None:
    sample = Sample((MAIN,), 1_500_000_000)

    assert title(frames(flame_graph([sample], Look("t", unit="seconds")))["main"]) == "main (app): 1.50 s, 100.0 %"
    assert title(frames(flame_graph([sample], Look("t", unit="bytes")))["main"]) == "main (app): 1.40 GiB, 100.0 %"


PROBE = """
<script><![CDATA[
window.addEventListener("load", () => {
  const frame = (name) => [...document.querySelectorAll(".f")].find((one) => one.dataset.n === name);
  const width = (name) => Number(frame(name).querySelector("rect").getAttribute("width")).toFixed(0);
  const click = (one) => one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  const told = [];
  const input = document.querySelector("#tools input");
  input.value = "READ";
  input.dispatchEvent(new Event("input"));
  told.push(document.getElementById("matched").textContent, document.querySelectorAll(".f.match").length);
  click(frame("read"));
  told.push(width("vfs_read"), frame("work").classList.contains("out"), frame("app").classList.contains("above"));
  frame("work").dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  told.push(document.getElementById("detail").textContent);
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  told.push(width("work"), document.querySelectorAll(".f.match, .f.out").length);
  document.documentElement.setAttribute("data-told", told.join("|"));
});
]]></script></svg>
"""
OFFLINE = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def test_it_comes_to_life_in_a_browser(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium is installed")
    page, profile = tmp_path / "flame.svg", tmp_path / "profile"
    page.write_text(flame_graph(SAMPLES, Look("oncpu")).replace("</svg>\n", PROBE), encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *OFFLINE, f"--user-data-dir={profile}", "--dump-dom"]

    with subprocess.Popen(
        [*command, page.as_uri()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            told, errors = running.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("chromium does not come to an end here")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    if running.returncode:
        pytest.skip(f"chromium cannot run here: {errors[-300:]}")

    found = re.search(r'data-told="([^"]*)"', told)
    assert found, told[:300] + errors[-300:]
    assert found[1].split("|") == [
        *("matched: 60.0 %", "2", f"{WIDTH - 2 * MARGIN}", "true", "true"),
        *("work (app): 30 samples, 30.0 %", f"{0.3 * (WIDTH - 2 * MARGIN):.0f}", "0"),
    ]
