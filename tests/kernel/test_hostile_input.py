"""The command line fed with what no sane person writes, and treated as no sane person does: on the running kernel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from agents import until
from shell import CHECKOUT, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PROGRAM = [sys.executable, "-m", "policyd"]
CALL = {"syscall": "swapon"}
TEXTS = [
    *('a"b', "a\nb", "a*/b", "/*", "a#b", "a\\b", "ü\u202e😀", "\x1b[31mred", "%s%n"),
    *("??/", "??)", "{{x}}", "/*% x %*/", "//x", "'"),
]
SWAPON = "for text in {texts!r}: libc.swapon(os.fsencode(text), 0)"


def policy(name: str, *rules: dict[str, Any], **spec: Any) -> str:
    """Return a policy as JSON, which is YAML."""
    document = {"apiVersion": "policyd.dev/v1alpha1", "kind": "Policy", "metadata": {"name": name}}
    return json.dumps({**document, "spec": {**spec, "rules": list(rules)}}, ensure_ascii=False)


def counting(name: str = "steady", value: str = "0") -> str:
    leaf = {"field": "args.who", "operator": "GreaterOrEqual", "value": value}
    outputs = [{"counter": {"name": "asked_total"}}]
    return policy(name, {"name": "r", "hook": {"syscall": "getpriority"}, "filters": [leaf], "outputs": outputs})


@pytest.fixture
def shell() -> Iterator[Shell]:
    found = Shell(f"/sys/fs/bpf/pd_test_hostile_{os.getpid()}")
    yield found
    found.run("confirm", check=False)
    found.remove_all()


def start(shell: Shell, *words: str, **how: Any) -> subprocess.Popen[str]:
    environment = os.environ | {"POLICYD_ROOT": shell.root}
    return subprocess.Popen([*PROGRAM, *words], text=True, cwd=CHECKOUT, env=environment, **how)


def hooks(shell: Shell) -> list[Any]:
    """Return the kernel's ids of all links and programs."""
    found = json.loads(shell.run("get", "hooks", "-o", "json").stdout)["items"]
    return [(hook["name"], hook["link"], [program["id"] for program in hook["programs"]]) for hook in found]


# ------------------------------------------------------------------------------------------------ text


def test_every_text_is_matched_as_it_is_and_none_reaches_the_code_or_the_terminal(shell: Shell) -> None:
    documents = []
    for number, text in enumerate(TEXTS):
        shown = "".join(char for char in text if char.isprintable())
        leaf: dict[str, Any] = {"field": "args.specialfile"}
        leaves = [leaf | {"operator": operator, "values": [text]} for operator in ("In", "Prefix", "Suffix", "Contains")]
        leaves.append(leaf | {"operator": "In", "valuesFrom": {"param": "given"}})
        counter = {"name": "x_total", "help": shown, "by": {"c": {"field": "args.specialfile", "names": {text: shown}}}}
        rule = {"name": "r", "hook": CALL, "filters": leaves, "outputs": [{"counter": counter}]}
        params = {"given": {"type": "path", "values": [text]}}
        documents.append(policy(f"text-{number}", rule, description=shown, params=params))

    assert shell.run("apply", "-f", "-", text="\n---\n".join(documents)).stdout.count(" created\n") == len(TEXTS)
    shell.act(SWAPON.format(texts=TEXTS))

    for number in range(len(TEXTS)):
        (series,) = shell.metrics(f"text-{number}")["x_total"]
        assert series["value"] == 1, TEXTS[number]
    for words in (["metrics"], ["get", "policies", "-o", "yaml"], ["params", "list"], ["describe", "policy", "text-7"]):
        assert "\x1b" not in shell.run(*words).stdout
    again = shell.run("get", "policies", "-o", "yaml").stdout
    assert "created" not in shell.run("apply", "-f", "-", text=again).stdout
    assert shell.run("diff", "-f", "-", text="\n---\n".join(documents)).returncode == 0


def test_a_process_cannot_write_to_the_terminal_of_who_reads_its_events(shell: Shell) -> None:
    outputs = [
        {"event": {"fields": ["process.comm", "process.args", "args.specialfile"]}},
        {"counter": {"name": "seen_total", "by": ["process.comm", "args.specialfile"]}},
    ]
    shell.run("apply", "-f", "-", text=policy("escapes", {"name": "r", "hook": CALL, "outputs": outputs}))
    evil = r"""
        open("/proc/self/comm", "wb").write(b"\x1b[31m\"\n\\")
        libc.swapon(b"/x\x1b]0;t\x07\x9b2J\r\n\xff\xe2\x80\xae", 0)"""
    shell.act(evil)
    shell.act(evil)

    (event, *_) = map(json.loads, shell.run("events", "--limit", "1", "-o", "json").stdout.splitlines())
    assert event["fields"]["process_comm"] == '\x1b[31m"\n\\'
    text = shell.run("--color", "never", "events").stdout
    assert '"\\x1b[31m\\"\\n\\\\"' in text
    assert "/x\\x1b]0;t\\x07\\x9b2J\\r\\n\\xff\\u202e" in text
    for shown in (text, shell.run("metrics").stdout, shell.run("metrics", "--plot", "--color", "never").stdout):
        assert not {char for char in shown if char != "\n" and not char.isprintable()}


def test_a_list_of_100_000_values_is_applied(shell: Shell) -> None:
    networks = [f"{10 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24" for n in range(100_000)]
    leaf = {"field": "dst.ip", "operator": "InCIDR", "valuesFrom": {"param": "blocked"}}
    rule = {"name": "r", "hook": {"cgroup": "connect4"}, "filters": [leaf], "outputs": [{"counter": {"name": "x_total"}}]}
    shell.run("apply", "-f", "-", text=policy("long", rule, params={"blocked": {"type": "cidr", "values": networks}}))
    (row,) = [row for row in json.loads(shell.run("get", "maps", "-o", "json").stdout)["items"] if row["param"] == "blocked"]
    assert (row["entries"], row["type"]) == (100_000, "lpm_trie")


# ------------------------------------------------------------------------------------------------ what runs stays


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("", "there is no policy", 2),
        ("{a: [1, 2", "not YAML", 2),
        ("[" * 200_000, "more than 64 levels", 2),
        (counting().replace("getpriority", "getprioritty"), "did you mean `getpriority`", 2),
        (counting().replace('"kind"', '"kind": "Policy", "kind"'), "here a second time", 2),
        (counting().replace("asked_total", "a*/ #include <x>"), "is no metric name", 2),
        (counting(value="x"), "expected a number", 2),
    ],
)
def test_a_bad_file_changes_nothing_that_runs(shell: Shell, text: str, said: str, code: int) -> None:
    shell.run("apply", "-f", "-", text=counting())
    before = hooks(shell)
    done = shell.run("apply", "-f", "-", "--prune", "--allow-empty", check=False, text=text)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert hooks(shell) == before


def test_what_the_verifier_refuses_is_left_out_with_its_reason_and_the_old_version_goes_on(shell: Shell) -> None:
    def searching(count: int) -> str:
        texts = [f"/a/path/{n}" for n in range(count)]
        lists = [texts[start : start + 1000] for start in range(0, count, 1000)]  # as many as one test may have
        leaves = [{"field": "args.specialfile", "operator": "Contains", "values": values} for values in lists]
        outputs = [{"counter": {"name": "x_total"}}]
        return policy("search", {"name": "r", "hook": CALL, "filters": [{"anyOf": leaves}], "outputs": outputs})

    shell.run("apply", "-f", "-", text=searching(3))
    before = hooks(shell)
    done = shell.run("apply", "-f", "-", check=False, text=searching(4000) + "\n---\n" + counting())
    assert done.returncode == 1
    assert "policy/search left out: " in done.stdout
    assert "the kernel's verifier refused the program: BPF program is too large" in done.stdout
    assert "its previous version goes on" in done.stdout
    assert "policy/steady created" in done.stdout
    assert [hook for hook in hooks(shell) if "swapon" in hook[0]] == before


def test_mode_and_suspend_are_flipped_in_the_programs_that_run(shell: Shell) -> None:
    shell.run("apply", "-f", "-", text=counting())
    before = hooks(shell)
    for spec in ({"suspend": "true"}, {"mode": "enforce"}, {}):
        document = json.loads(counting())
        document["spec"] |= spec
        assert shell.run("diff", "-f", "-", check=False, text=json.dumps(document)).returncode == 1
        assert "changed" in shell.run("apply", "-f", "-", text=json.dumps(document)).stdout
        assert hooks(shell) == before
        assert shell.run("diff", "-f", "-", text=json.dumps(document)).returncode == 0


# ------------------------------------------------------------------------------------------------ rough handling


def test_an_apply_that_is_interrupted_anywhere_is_finished_by_the_next_one(shell: Shell, tmp_path: Path) -> None:
    files = ["--filename", str(tmp_path)]
    for number in range(5):
        (tmp_path / f"{number}.yaml").write_text(counting(f"p-{number}"))
    for number, delay in enumerate((0.3, 0.5, 0.7, 0.9)):
        (tmp_path / "changing.yaml").write_text(counting("changing", str(os.getpid() + number)))
        process = start(shell, "apply", *files, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, 130, -signal.SIGINT}  # the last: before anything of ours was imported
        assert process.returncode != 130 or "interrupted" in said.splitlines()[-1]
    shell.run("apply", *files)
    assert shell.run("diff", *files).returncode == 0
    assert {item["status"]["phase"] for item in json.loads(shell.run("get", "policies", "-o", "json").stdout)["items"]} == {
        "Ready"
    }


def test_nobody_reading_the_output_is_no_traceback_and_the_change_is_whole(shell: Shell) -> None:
    text = "\n---\n".join(counting(f"p-{number}") for number in range(3))
    reading, writing = os.pipe()
    os.close(reading)
    process = start(shell, "apply", "-f", "-", stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    _, said = process.communicate(text, timeout=60)
    assert process.returncode == 141
    assert "Traceback" not in said
    assert "Exception" not in said
    assert shell.run("diff", "-f", "-", text=text).returncode == 0


def test_following_events_ends_with_the_interrupt(shell: Shell) -> None:
    rule = {"name": "r", "hook": CALL, "outputs": [{"event": {"fields": ["args.specialfile"]}}]}
    shell.run("apply", "-f", "-", text=policy("followed", rule))
    process = start(shell, "events", "-f", "-o", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    shell.act(SWAPON.format(texts=["/one"]))
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["fields"] == {"args_specialfile": "/one"}
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (out, "Traceback" in said) == ("", False)
    assert process.returncode in {0, 130}


def test_a_trial_whose_waiting_process_was_killed_is_told_and_can_be_ended(shell: Shell) -> None:
    shell.run("apply", "-f", "-", text=counting())
    before = shell.run("get", "policies", "-o", "yaml").stdout
    trying = start(shell, "apply", "-f", "-", "--try", "4s", stdin=subprocess.PIPE)
    trying.communicate(counting(value="7"), timeout=60)
    assert trying.returncode == 0
    (waiting,) = [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if _belongs(path, shell.root)]
    os.kill(int(waiting), signal.SIGKILL)
    until(lambda: "was not taken back in time" in shell.run("get", "policies").stderr)
    refused = shell.run("apply", "-f", "-", check=False, text=counting())
    assert refused.returncode != 0
    assert "confirm --revert" in refused.stderr
    shell.run("confirm", "--revert")
    assert shell.run("get", "policies", "-o", "yaml").stdout == before
    assert shell.run("confirm", check=False).returncode == 4


def _belongs(environ: Path, root: str) -> bool:
    """Whether a process (not this one) was started for this bpffs root."""
    try:
        return f"POLICYD_ROOT={root}\0".encode() in environ.read_bytes()
    except OSError:
        return False


JSON = (
    ("get", "policies"),
    ("get", "hooks"),
    ("get", "maps"),
    ("get", "records"),
    ("params", "list"),
    ("metrics",),
    ("doctor",),
    ("version",),
    ("explain", "hooks"),
    ("explain", "fields"),
    ("explain", "operator", "InCIDR"),
    ("delete", "--all"),
)


def test_whatever_prints_json_prints_one_document(shell: Shell) -> None:
    text = counting()
    for words in (("validate", "-"), ("diff", "-f", "-"), ("plan", "-f", "-"), ("apply", "-f", "-")):
        assert isinstance(json.loads(shell.run(*words, "-o", "json", check=False, text=text).stdout), dict), words
    for words in JSON:
        assert isinstance(json.loads(shell.run(*words, "-o", "json").stdout), dict), words
