"""Tables on this kernel: rows are counted up, read by the next event, and gone with what they are about."""

from __future__ import annotations

import json
from typing import Any

from inside import Shell, prepared

THREADS = 200


def rows(shell: Shell, table: str) -> list[dict[str, Any]]:
    (item,) = json.loads(shell.run("get", "records", f"tables/{table}", "-o", "json").stdout)["items"]
    found: list[dict[str, Any]] = item["rows"]
    return found


def test_rows_are_read_counted_up_and_do_not_pile_up(shell: Shell) -> None:
    rules = ("bound", "sockets-ends")
    absent = [rule for rule in rules if rule in prepared()["cases"]["tables"]["not_applicable"]]
    with shell.case("tables", absent=absent):
        shell.act(
            f"""
            import os, socket, subprocess, threading
            def call():
                for _ in range(4):
                    os.getpgid(os.getpid())
            open("/proc/self/comm", "w").write("pd-tables")
            for _ in range({THREADS}):
                thread = threading.Thread(target=call)
                thread.start()
                thread.join()
            for _ in range(3):
                subprocess.run(["/bin/true"], check=True)
            for _ in range(3):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                    one.bind(("127.0.0.1", 0))
            """
        )
        events = shell.events("tables")
        seen = [event["fields"] for event in events if event["rule"] == "seen"]
        assert [one["calls"] for one in seen] == [2, 3] * THREADS
        assert rows(shell, "threads") == []
        assert {row["exe"].rpartition("/")[2] for row in rows(shell, "processes")} >= {"true"}
        assert [row["name"].rpartition("/")[2] for row in rows(shell, "files")] == ["true"]
        account = shell.policies()["tables"]["account"]
        assert (account["table_full"], account["table_absent"]) == (0, 0)
        if "bound" not in absent:
            assert [event["fields"]["before"] for event in events if event["rule"] == "bound"] == [None] * 3
            assert rows(shell, "sockets") == []
