"""The commands of docs/gitops.md, run one after the other; and policyd accepts what they make."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from git_repos import PLAIN, Repository, source_of

from policyd.config.model import GitRef
from policyd.sources.git_run import Limits
from policyd.sources.source import Mark
from policyd.sources.webhook import check_call

if TYPE_CHECKING:
    from pathlib import Path


def test_the_commands_of_the_page_do_what_it_says(checkout: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (checkout / "docs/gitops.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 4
    forge = Repository.new(tmp_path / "forge")
    forge.write(a__yaml="a: 1\n")
    (forge.path / "webhook-secret").write_text("a secret\n")
    said = ""
    keys = (str(forge.path / "allowed_signers"),)
    fetched = []
    for block in blocks:
        run = subprocess.run(["sh", "-euc", block], cwd=forge.path, env=PLAIN, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        said = run.stdout
        mark = Mark(fetched[-1].commit, fetched[-1].order) if fetched else Mark()
        if "tag -s" in block:
            config = {"verify": {"mode": "TagAndHEAD", "keys": keys}, "ref": GitRef(tag="v1")}
            fetched.append(source_of(forge.url, tmp_path / "state", **config).fetch(mark))
    assert [bundle.files[0].data for bundle in fetched] == [b"a: 1\n"]
    assert fetched[0].signer.startswith("alice@example.com (SHA256:")
    name, _, value = said.strip().partition(": ")
    assert check_call({name: value}, b"{}", str(forge.path / "webhook-secret")) == "GitHub"


def test_the_limits_of_the_page_are_those_that_hold(checkout: Path) -> None:
    page = (checkout / "docs/gitops.md").read_text()
    limits = Limits()
    for words in (
        f"{limits.seconds:g} s, {limits.memory_bytes >> 30} GiB of memory, {limits.pack_bytes >> 20} MiB a pack",
        f"At most {limits.entries:,} names below `path`, of which {limits.files:,} are policies",
        f"{limits.file_bytes >> 20} MiB a file, {limits.bundle_bytes >> 20} MiB together",
        f"up to {limits.depths[-1]:,} commits",
    ):
        assert words in page
