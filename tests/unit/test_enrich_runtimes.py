"""policyd.enrich.runtimes and disk: each runtime's own files, and files that somebody else has had a hand in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from container_host import (
    CONTAINERD_TASKS,
    ID,
    K3S_TASKS,
    OTHER_ID,
    POD,
    SLICE,
    SLICES,
    UID,
    MadeHost,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policyd.enrich.container import Container
from policyd.enrich.disk import MAX_BYTES, HostFiles
from policyd.enrich.runtimes import Runtimes
from policyd.vocabulary.containers import place

SCOPE = f"{SLICES}/cri-containerd-{ID}.scope"


@pytest.fixture
def made(tmp_path: Path) -> MadeHost:
    return MadeHost(tmp_path)


def find(made: MadeHost, path: str) -> Container | None:
    where = place(path)
    assert where is not None
    return Runtimes(made.files).find(where)


def in_pod(runtime: str, **words: str) -> Container:
    return Container(ID, runtime, **(POD | words))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("write", "path", "expected"),
    [
        (MadeHost.containerd, SCOPE, in_pod("containerd")),
        (MadeHost.containerd, f"{SCOPE}/init.scope", in_pod("containerd")),
        (lambda made: made.containerd(tasks=K3S_TASKS), SCOPE, in_pod("containerd")),
        (lambda made: made.containerd(f"/kubepods/burstable/pod{UID}/{ID}"), f"/kubepods/burstable/pod{UID}/{ID}",
         in_pod("containerd")),
        (MadeHost.containerd, f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}", in_pod("containerd")),
        (MadeHost.crio, f"{SLICES}/crio-{ID}.scope", in_pod("cri-o")),
        (lambda made: made.crio(f"/kubepods/pod{UID}/{ID}"), f"/kubepods/pod{UID}/{ID}", in_pod("cri-o")),
        (lambda made: made.crio(name="POD"), f"{SLICES}/crio-{ID}.scope", in_pod("cri-o", name="")),
        (MadeHost.podman, f"/machine.slice/libpod-{ID}.scope/container",
         Container(ID, "podman", "web", "docker.io/library/alpine:3.20")),
        (lambda made: made.podman(f"/libpod_parent/{ID}"), f"/libpod_parent/{ID}",
         Container(ID, "podman", "web", "docker.io/library/alpine:3.20")),
        (MadeHost.docker, f"/docker/{ID}", Container(ID, "docker", "web", "nginx:1.27")),
        (MadeHost.docker, f"/system.slice/docker-{ID}.scope", Container(ID, "docker", "web", "nginx:1.27")),
        (lambda made: made.docker(Labels={
            "io.kubernetes.container.name": "app", "io.kubernetes.pod.name": "api-7d9f",
            "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": UID}),
         f"{SLICES}/docker-{ID}.scope", in_pod("docker", image="nginx:1.27")),
    ],
)  # fmt: skip
def test_each_runtime_says_what_it_knows(
    made: MadeHost, write: Callable[[MadeHost], object], path: str, expected: Container
) -> None:
    assert find(made, path) is None
    write(made)
    assert find(made, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        f"/system.slice/other.service/{SLICES.lstrip('/')}/cri-containerd-{ID}.scope",
        f"/kubepods.slice/{SLICE}/cri-containerd-{ID}.scope",
        f"/kubepods/burstable/pod{UID}/{ID}",
        f"/x/{ID}",
        f"/system.slice/other.service/{SLICE}:cri-containerd:{ID}",
    ],
)
def test_another_cgroup_with_a_containers_id_is_not_that_container(made: MadeHost, path: str) -> None:
    made.containerd()
    assert find(made, path) is None


def test_a_runtime_is_not_asked_about_a_container_of_another(made: MadeHost) -> None:
    made.containerd(f"{SLICE}:docker:{ID}")
    assert find(made, f"{SLICES}/docker-{ID}.scope") is None


def test_a_users_own_container_is_not_looked_up(made: MadeHost) -> None:
    above = "/user.slice/user-1000.slice"
    made.podman(f"{above}/libpod-{ID}")
    assert find(made, f"{above}/libpod-{ID}") is None


def test_a_pod_that_the_path_contradicts_is_not_believed(made: MadeHost) -> None:
    made.containerd(pod_uid=UID.replace("0a1b", "ffff"))
    assert find(made, SCOPE) is None


def test_words_that_are_none_are_left_out(made: MadeHost) -> None:
    made.containerd(name="a\x1b[2Jb", image="x" * 600, pod="p\nq", namespace="Shop!")
    assert find(made, SCOPE) == Container(ID, "containerd", pod_uid=UID)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{", "[" * 100_000, '{"annotations": 1}', '{"annotations": {"a": 1}}', '{"linux": []}', "\xff\xfe",
        json.dumps({"annotations": None, "linux": None}), '{"a": ' + "[" * 50_000,
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_says_nothing(made: MadeHost, text: str) -> None:
    made.containerd().write_bytes(text.encode("latin-1"))
    made.write(f"{CONTAINERD_TASKS}/{OTHER_ID}/config.json", "{}")
    assert find(made, SCOPE) is None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), at=st.integers(0, 800))
def test_no_bytes_in_a_file_are_an_error(made: MadeHost, data: bytes, at: int) -> None:
    file = made.containerd()
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + data + whole[at + len(data) :])
    found = find(made, SCOPE)
    assert found is None or all(str(value).isprintable() for value in found.shown().values())


def test_links_in_a_containers_folder_are_not_followed(made: MadeHost, tmp_path: Path) -> None:
    aside = made.containerd().rename(tmp_path / "aside")
    (made.root / f"{CONTAINERD_TASKS}/{ID}/config.json".lstrip("/")).symlink_to(aside)
    assert find(made, SCOPE) is None
    folder = made.root / f"{CONTAINERD_TASKS}/{ID}".lstrip("/")
    folder.rename(tmp_path / "folder")
    aside.replace(tmp_path / "folder/config.json")
    folder.symlink_to(tmp_path / "folder")
    assert find(made, SCOPE) is None


def test_a_pipe_holds_nobody_and_a_huge_file_is_not_read(made: MadeHost) -> None:
    file = made.containerd()
    with file.open("ab") as out:
        out.truncate(MAX_BYTES + 1)
    assert find(made, SCOPE) is None
    file.unlink()
    os.mkfifo(file)
    assert find(made, SCOPE) is None


def test_links_of_the_host_are_followed_within_the_host(made: MadeHost, tmp_path_factory: pytest.TempPathFactory) -> None:
    made.docker()
    (made.root / "data").mkdir()
    real = made.root / "var/lib/docker"
    real.rename(made.root / "data/docker")
    real.symlink_to("/data/docker")
    assert find(made, f"/docker/{ID}") == Container(ID, "docker", "web", "nginx:1.27")
    real.unlink()
    real.symlink_to("/data/loop")
    (made.root / "data/loop").symlink_to("../data/loop")
    assert find(made, f"/docker/{ID}") is None
    outside = tmp_path_factory.mktemp("outside")
    (made.root / "data/docker").rename(outside / "docker")
    real.unlink()
    real.symlink_to(outside / "docker")
    assert find(made, f"/docker/{ID}") is None, "a link has led out of the host's files"


def test_podman_without_its_list_is_known_all_the_same(made: MadeHost) -> None:
    rows = made.podman()
    for text in ("{", "[]", "null", '[{"id": "x", "metadata": 1}]', f'[{{"id": "{ID}", "metadata": "["}}]'):
        rows.write_text(text)
        assert find(made, f"/machine.slice/libpod-{ID}.scope") == Container(ID, "podman")
    rows.unlink()
    assert find(made, f"/machine.slice/libpod-{ID}.scope") == Container(ID, "podman")


def test_without_another_root_the_paths_are_those_of_this_host() -> None:
    assert HostFiles().path("/etc/passwd") == "/etc/passwd"
    assert HostFiles().read("/nowhere") is None
    assert HostFiles().folders("/nowhere") == ()
    assert HostFiles().stamp("/nowhere") is None
