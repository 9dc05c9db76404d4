"""Every form that runtimes give to a container's cgroup, and nothing that only looks like it."""

from __future__ import annotations

import pytest
from container_host import ID, OTHER_ID, SLICE, SLICES, UID
from hypothesis import given, settings
from hypothesis import strategies as st

from policyd.vocabulary.containers import LONGEST, Place, place

HASH = "5f" * 16
SCOPE = f"{SLICES}/cri-containerd-{ID}.scope"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (SCOPE, Place(ID, "containerd", UID, SCOPE)),
        (f"{SLICES}/crio-{ID}.scope", Place(ID, "cri-o", UID, f"{SLICES}/crio-{ID}.scope")),
        (f"{SLICES}/docker-{ID}.scope", Place(ID, "docker", UID, f"{SLICES}/docker-{ID}.scope")),
        # systemd, or a supervisor, inside the container
        (f"{SCOPE}/system.slice/ssh.service", Place(ID, "containerd", UID, SCOPE)),
        (f"/machine.slice/libpod-{ID}.scope/container", Place(ID, "podman", "", f"/machine.slice/libpod-{ID}.scope")),
        # cgroupfs
        (f"/kubepods/burstable/pod{UID}/{ID}", Place(ID, "", UID, f"/kubepods/burstable/pod{UID}/{ID}")),
        (f"/kubepods/pod{UID}/crio-{ID}", Place(ID, "cri-o", UID, f"/kubepods/pod{UID}/crio-{ID}")),
        (f"/a/kubepods/besteffort/pod{HASH}/{ID}", Place(ID, "", HASH, f"/a/kubepods/besteffort/pod{HASH}/{ID}")),
        (f"/docker/{ID}", Place(ID, "docker", "", f"/docker/{ID}")),
        (f"/docker/{ID}/init.scope", Place(ID, "docker", "", f"/docker/{ID}")),
        (f"/libpod_parent/libpod-{ID}", Place(ID, "podman", "", f"/libpod_parent/libpod-{ID}")),
        (f"/system.slice/docker-{ID}.scope", Place(ID, "docker", "", f"/system.slice/docker-{ID}.scope")),
        (f"/system.slice/nerdctl-{ID}.scope", Place(ID, "containerd", "", f"/system.slice/nerdctl-{ID}.scope")),
        # a guaranteed pod; a kubelet with a cgroup root of its own; a static pod
        (f"/kubepods.slice/kubepods-pod{UID.replace('-', '_')}.slice", Place(pod_uid=UID)),
        (f"/kubelet.slice/kubelet-{SLICE}/cri-containerd-{ID}.scope",
         Place(ID, "containerd", UID, f"/kubelet.slice/kubelet-{SLICE}/cri-containerd-{ID}.scope")),
        (f"/kubepods.slice/kubepods-besteffort-pod{HASH}.slice", Place(pod_uid=HASH)),
        # a path for systemd that a runtime without systemd made a folder of
        (f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}",
         Place(ID, "containerd", UID, f"/system.slice/containerd.service/{SLICE}:cri-containerd:{ID}")),
        # conmon is of the pod, and no container
        (f"{SLICES}/crio-conmon-{ID}.scope", Place(pod_uid=UID)),
    ],
)  # fmt: skip
def test_a_path_says_which_container_and_pod(path: str, found: Place) -> None:
    assert place(path) == found


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/system.slice/ssh.service",
        f"/system.slice/docker-{ID[:-1]}.scope",
        f"/system.slice/docker-{ID.upper()}.scope",
        f"/system.slice/evil-{ID}.scope",
        f"/system.slice/docker-{ID}.service",
        f"/pod{UID}/x",
        f"/kubepods/pod{UID}0",
        f"/user.slice/user-1000.slice/user@1000.service/kubepods/pod{UID}",
        f"/docker/{ID}\n",
        "/a" * LONGEST + f"/docker/{ID}",
    ],
)
def test_what_is_none_is_none(path: str) -> None:
    assert place(path) is None


def test_the_container_that_is_named_first_counts() -> None:
    inner = f"kubepods/pod{UID}/{OTHER_ID}"
    assert place(f"/docker/{ID}/{inner}") == place(f"/docker/{ID}")


def test_a_users_own_container_is_of_no_pod() -> None:
    above = "/user.slice/user-1000.slice/user@1000.service"
    found = place(f"{above}/kubepods/pod{UID}/libpod-{ID}")
    assert found == Place(ID, "podman", "", f"{above}/kubepods/pod{UID}/libpod-{ID}", rootless=True)


_PARTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["kubepods", "user.slice", "docker", "..", SLICE, f"pod{UID}", f"{SLICE}:cri-containerd:{ID}"]),
    st.builds(
        "{}{}{}".format, st.sampled_from(["", "docker-", "crio-", "x-"]), st.just(ID), st.sampled_from(["", ".scope"])
    ),
)


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(_PARTS, max_size=8))
def test_any_path_is_taken_apart_and_nothing_is_made_up(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    found = place(path)
    if found is None:
        return
    assert found.id or found.pod_uid
    assert found.id in path
    assert found.pod_uid in path.replace("_", "-")
    assert (path.strip("/") + "/").startswith(found.path.strip("/"))
    assert not (found.rootless and found.pod_uid)
    assert place(found.path) == found if found.id else True
