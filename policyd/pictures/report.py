"""The page of `policyd report`: everything that is known of what runs, in one HTML file that needs nothing else.

In: `Facts`.  Out: text.  There are no scripts and nothing is loaded: a policy of content (CSP) in the page itself allows its
own style and pictures alone.  Everything is escaped by the way in which it is made (`markup.py`).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

from policyd.pictures.charts import show_seconds, sparkline_chart
from policyd.pictures.markup import Markup, element
from policyd.pictures.outputs import output_sections
from policyd.pictures.tables import Column, html_table
from policyd.reading.account import LOSSES
from policyd.sinks.plot import show_value
from policyd.status import DEGRADED, NOT_APPLICABLE, SUSPENDED
from policyd.views import date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policyd.pictures.facts import Facts, PolicyFacts, StackPicture

_STATES = {DEGRADED: "bad", SUSPENDED: "warn", NOT_APPLICABLE: "warn"}
_BOOKS = (
    ("matched", "events matched"),
    ("delivered", "delivered"),
    ("rate_limited", "held back by a rate"),
    ("sampled_out", "held back by chance"),
    ("acted", "actions taken"),
    ("would_act", "actions withheld"),
    ("unread", "undecided: unread"),
    ("unpaired", "ends without a begin"),
)
"""Columns of a policy's account that are no losses; the first two are always shown."""


def report_page(facts: Facts) -> str:
    """Return the whole page."""
    css = files("policyd.pictures").joinpath("report.css").read_text(encoding="utf-8")
    body = element(
        "body", _head(facts), _tiles(facts), _troubles(facts), _overview(facts),
        [_policy(policy) for policy in facts.policies], _hooks(facts), _foot(facts),
    )  # fmt: skip
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=content_policy(css)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"policyd on {facts.host}"),
        element("style", Markup(css)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def content_policy(css: str) -> str:
    """Return what a browser may use: this style by its hash, pictures in the page, and nothing else."""
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


# ------------------------------------------------------------------------------------------------ the host


def _head(facts: Facts) -> Markup:
    watched = f", watched for {show_seconds(facts.seconds)}" if facts.seconds else ""
    told = f"{date(facts.written)}{watched}. Kernel {facts.kernel}, policyd {facts.version}."
    return element("header", element("h1", f"policyd on {facts.host}"), element("p", told, class_="soft"))


def _tiles(facts: Facts) -> Markup:
    views = [policy.view for policy in facts.policies]
    lost, faults = sum(view.lost for view in views), sum(view.phase == DEGRADED for view in views)
    tiles = (
        (_number(len(views)), "policy" if len(views) == 1 else "policies", ""),
        (_number(faults), "degraded", "bad" if faults else ""),
        (_number(len(facts.hooks)), "hooks", ""),
        (_number(sum(view.account.get("delivered", 0) for view in views)), "events delivered", ""),
        (_number(lost), "events lost", "bad" if lost else ""),
        (show_value(sum(policy.memory for policy in facts.policies), "bytes"), "of kernel memory", ""),
    )
    shown = [element("li", element("b", value), element("span", name), class_=state or None) for value, name, state in tiles]
    return element("ul", shown, class_="tiles")


def _troubles(facts: Facts) -> Markup | None:
    """Say what is wrong, above everything else; None where nothing is."""
    told = [f"{policy.view.record.name}: {reason}" for policy in facts.policies for reason in policy.view.reasons]
    told += [f"hook {hook.key}: {hook.fault}" for hook in facts.hooks if hook.fault]
    told += facts.strangers
    if not told:
        return None
    return element(
        "div", "What is not as it was applied, or does not apply here:", _items(told), class_="told bad", role="alert"
    )


def _items(texts: list[str]) -> Markup:
    return element("ul", [element("li", text) for text in texts])


def _overview(facts: Facts) -> list[Markup]:
    if not facts.policies:
        return [element("p", "No policy is applied. `policyd init` writes a first one, `policyd apply -f FILE` runs it.")]
    numbers = (Column(name, number=True) for name in ("hooks", "matched", "delivered", "lost"))
    over = (Column("matched, over time", class_="picture"),) if facts.seconds else ()
    columns = (Column("policy"), Column("status"), Column("mode", class_="word"), *numbers, *over)
    return [element("h2", "Policies"), html_table(columns, [_row(policy)[: len(columns)] for policy in facts.policies])]


def _row(policy: PolicyFacts) -> tuple[object, ...]:
    view = policy.view
    link = element("a", view.record.name, href=f"#{_anchor(policy)}")
    counts = (len(view.points), view.account.get("matched", 0), view.account.get("delivered", 0), view.lost)
    return link, _state(policy), _mode(policy), *map(_number, counts), _spark(policy)


def _anchor(policy: PolicyFacts) -> str:
    return f"policy-{policy.view.record.name}"


def _state(policy: PolicyFacts) -> Markup:
    return element("span", policy.view.phase, class_=f"state {_STATES.get(policy.view.phase, 'good')}")


def _mode(policy: PolicyFacts) -> Markup | str:
    if not policy.view.record.acts:
        return "-"
    enforces = policy.view.mode == "enforce"
    return element("span", policy.view.mode, class_="accent") if enforces else policy.view.mode


def _spark(policy: PolicyFacts) -> Markup | str:
    """Return how many events a policy has matched a second, over time."""
    track = next((one for one in policy.books if one.family.name == "policyd_events_matched_total"), None)
    if track is None:
        return "-"
    return sparkline_chart(track.rates(), f"{track.grown:,} events matched in {show_seconds(sum(track.seconds))}")


# ------------------------------------------------------------------------------------------------ one policy


def _policy(policy: PolicyFacts) -> Markup:
    name = policy.view.record.name
    return element(
        "article",
        element("h2", name, " ", _state(policy), id=f"{_anchor(policy)}-name"),
        element("p", str(policy.spec.get("description") or ""), class_="soft") if policy.spec.get("description") else None,
        _books(policy),
        _losses(policy),
        _notes(policy),
        output_sections(policy.tracks),
        [_flames(name, picture) for picture in policy.stacks],
        _events(policy),
        id=_anchor(policy),
        aria_labelledby=f"{_anchor(policy)}-name",
    )


def _books(policy: PolicyFacts) -> Markup:
    view = policy.view
    rows = [
        ("mode", view.mode if view.record.acts else "observes"),
        ("severity", str(policy.spec.get("severity") or "info")),
    ]
    rows += [("set", view.record.set)] if view.record.set else []
    rows += [
        (text, _number(view.account.get(key, 0))) for at, (key, text) in enumerate(_BOOKS) if at < 2 or view.account.get(key)
    ]
    rows += [("missed runs", _number(view.missed))] if view.missed else []
    rows += [("kernel memory", show_value(policy.memory, "bytes")), ("applied", date(view.record.applied))]
    return element("dl", [element("div", element("dt", name), element("dd", text)) for name, text in rows])


def _losses(policy: PolicyFacts) -> Markup | None:
    told = [f"{policy.view.account[key]:,}: {cause}" for key, cause in LOSSES if policy.view.account.get(key)]
    return element("div", "Not recorded, by cause:", _items(told), class_="told") if told else None


def _notes(policy: PolicyFacts) -> Markup | None:
    record = policy.view.record
    told = [f"rule {rule} does not apply here: {reason}" for rule, reason in record.not_applicable]
    told += list(record.warnings)
    told += [f"param {name} was set by hand: {', '.join(values)}" for name, values in record.overrides.items()]
    return element("div", "To know:", _items(told), class_="told") if told else None


def _flames(policy: str, picture: StackPicture) -> list[Markup]:
    data = b64encode(picture.svg.encode()).decode()
    lost = f"; {picture.lost:,} more had no room" if picture.lost else ""
    return [
        element("h3", picture.name),
        element(
            "p",
            f"{picture.events:,} events by their stacks{lost}. ",
            _more(f"policyd stacks {policy} {picture.name}"),
            class_="soft",
        ),
        element(
            "img", class_="flames", alt=f"flame graph of {picture.name}", src=Markup(f"data:image/svg+xml;base64,{data}")
        ),
    ]


def _more(command: str) -> list[object]:
    return [element("code", command), " shows them with numbers."]


def _events(policy: PolicyFacts) -> list[Markup]:
    if policy.untold:
        return [element("h3", "Latest events"), element("p", policy.untold, class_="soft")]
    if not policy.events:
        return []
    columns = (*(Column(name, class_="word") for name in ("time", "rule", "what")), Column("fields", class_="event"))
    rows = [_event(event) for event in reversed(policy.events)]
    return [
        element("h3", "Latest events"),
        html_table(columns, rows, f"the last {len(rows)} events of {policy.view.record.name}"),
    ]


def _event(event: Mapping[str, object]) -> tuple[object, ...]:
    fields = event.get("fields")
    told = "  ".join(f"{name}={_value(value)}" for name, value in fields.items()) if isinstance(fields, dict) else ""
    verdict = str(event.get("verdict") or "none")
    what = [str(event.get("message") or event.get("hook") or "")]
    what += [f" ({verdict})"] if verdict != "none" else []
    return str(event.get("time", ""))[11:23], str(event.get("rule", "")), what, told


def _value(value: object) -> str:
    return "-" if value is None else str(value)


# ------------------------------------------------------------------------------------------------ hooks, and the end


def _hooks(facts: Facts) -> Iterator[Markup]:
    if not facts.hooks:
        return
    measured = any(hook.runs for hook in facts.hooks)
    columns = (
        Column("hook"), Column("policies"), Column("status"), Column("missed", number=True),
        *((Column("runs", number=True), Column("a run", number=True)) if measured else ()),
    )  # fmt: skip
    rows = [
        (
            hook.key,
            ", ".join(hook.policies),
            element("span", "Degraded" if hook.fault else "Ready", class_="bad" if hook.fault else "good"),
            _number(hook.missed),
            *((_number(hook.runs), f"{hook.run_time_ns / hook.runs:,.0f} ns" if hook.runs else "-") if measured else ()),
        )
        for hook in facts.hooks
    ]
    yield element("h2", "Hooks")
    if not measured:
        yield element(
            "p", "The kernel counts runs and time while kernel.bpf_stats_enabled is on; it was off.", class_="soft"
        )
    yield html_table(columns, rows)


def _foot(facts: Facts) -> Markup:
    return element(
        "footer",
        f"Written by policyd {facts.version} from what the kernel of {facts.host} had at {date(facts.written)}. "
        "Counts are since each policy was applied; lines and heat maps are of the time that was watched. "
        "This page is whole: it loads nothing, and runs no script.",
    )
