"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg", XHTML = "http://www.w3.org/1999/xhtml";
  const MARGIN = 12, CHARACTER = 6.65, ALL = { depth: -1, start: 0, width: 1 };
  const svg = document.documentElement;
  const room = svg.viewBox.baseVal.width - 2 * MARGIN;
  const detail = document.getElementById("detail"), matched = document.getElementById("matched");
  const frames = [...document.querySelectorAll("#frames > .f")].map((node) => ({
    node,
    rect: node.querySelector("rect"),
    text: node.querySelector("text"),
    title: node.querySelector("title").textContent,
    name: node.dataset.n,
    depth: Number(node.dataset.d),
    start: Number(node.dataset.x),
    width: Number(node.dataset.w),
  }));
  const NEAR = 1e-6;
  let shown = ALL, words = "";

  const ends = (frame) => frame.start + frame.width;
  const holds = (outer, inner) => outer.start <= inner.start + NEAR && ends(outer) >= ends(inner) - NEAR;

  function fitted(name, width) {
    const letters = Math.floor((width - 8) / CHARACTER);
    return name.length <= letters ? name : letters >= 3 ? name.slice(0, letters - 1) + "…" : "";
  }

  function place(frame, start, width) {
    const x = MARGIN + Math.max(start, 0) * room, wide = Math.max(Math.min(start + width, 1) - Math.max(start, 0), 0) * room;
    frame.rect.setAttribute("x", x.toFixed(2));
    frame.rect.setAttribute("width", wide.toFixed(2));
    frame.text.setAttribute("x", (x + 4).toFixed(2));
    frame.text.textContent = fitted(frame.name, wide);
  }

  function zoom(target) {
    shown = target;
    for (const frame of frames) {
      const above = frame.depth < target.depth;
      const inside = above ? holds(frame, target) : holds(target, frame);
      frame.node.classList.toggle("out", !inside);
      frame.node.classList.toggle("above", inside && above);
      if (inside) place(frame, (frame.start - target.start) / target.width, frame.width / target.width);
    }
    reset.classList.toggle("off", target.depth <= 0);
    search(words);
  }

  function matcher(text) {
    try {
      const pattern = new RegExp(text, "i");
      return (name) => pattern.test(name);
    } catch {
      const lower = text.toLowerCase();
      return (name) => name.toLowerCase().includes(lower);
    }
  }

  function search(text) {
    words = text;
    const matches = matcher(text);
    let share = 0, end = -1;
    const found = frames.filter((frame) => {
      const hit = text !== "" && frame.depth > 0 && matches(frame.name);
      frame.node.classList.toggle("match", hit);
      return hit && (frame.depth < shown.depth ? holds(frame, shown) : holds(shown, frame));
    });
    for (const frame of found.sort((a, b) => a.start - b.start || b.width - a.width)) {
      const from = Math.max(frame.start, end, shown.start), to = Math.min(ends(frame), shown.start + shown.width);
      if (to > from) share += to - from;
      end = Math.max(end, to);
    }
    matched.textContent = text === "" ? "" : `matched: ${((100 * share) / shown.width).toFixed(1)} %`;
  }

  function element(parent, name, attributes, space = SVG) {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return parent.appendChild(made);
  }

  const tools = document.getElementById("tools");
  const right = MARGIN + room;
  const holder = element(tools, "foreignObject", { x: right - 230, y: 9, width: 230, height: 28 });
  const input = element(holder, "input", { type: "search", placeholder: "Search  ( / )", spellcheck: "false" }, XHTML);
  const reset = element(tools, "g", { class: "button off" });
  element(reset, "rect", { x: right - 330, y: 9.5, width: 90, height: 25, rx: 6 });
  element(reset, "text", { x: right - 285, y: 26.5 }).textContent = "Reset zoom";

  reset.addEventListener("click", () => zoom(ALL));
  input.addEventListener("input", () => search(input.value));
  for (const frame of frames) {
    frame.node.addEventListener("click", () => zoom(frame.depth ? frame : ALL));
    frame.node.addEventListener("mouseover", () => { detail.textContent = frame.title; });
    frame.node.addEventListener("mouseout", () => { detail.textContent = ""; });
  }
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      input.blur();
      search("");
      zoom(ALL);
    } else if (event.target !== input && (event.key === "/" || (event.key === "f" && (event.ctrlKey || event.metaKey)))) {
      event.preventDefault();
      input.focus();
    }
  });
})();
