"""deploy/kubernetes and the chart's files, as they are in the repository: valid, up to date, and no more than is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import jsonschema
import yaml
from deployed import CHART, KUBERNETES, ROOT, complaints, container, documents, of_kind

from policyd import __version__
from policyd.config.load import parse_config
from policyd.privileges import ALWAYS, NETWORK, PROCESSES, TRACING, in_manifests, needs

TEXT = (ROOT / "deploy/kubernetes/policyd.yaml").read_text()
FOUND = documents(TEXT)


def test_what_is_made_of_the_chart_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts/generate-manifests"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_kubernetes_schemas_take_every_object_and_refuse_a_misspelt_key() -> None:
    assert complaints(FOUND) == []
    broken = documents(TEXT.replace("readOnlyRootFilesystem", "readOnlyRootFilesytem"))
    assert [(said.split(": ")[0], "readOnlyRootFilesytem" in said) for said in complaints(broken)] == [
        (f"DaemonSet in {version}", True) for version in KUBERNETES
    ]


def test_policyds_own_parser_takes_the_agents_configuration() -> None:
    config = parse_config(of_kind(FOUND, "ConfigMap")["data"]["agent.yaml"].encode(), "agent.yaml")
    assert [source.name for source in config.sources] == ["configmap"]
    assert config.sources[0].directory.path == "/etc/policyd/policies"
    assert not config.allow_remote
    assert [str(where) for where in config.listen] == ["unix:/run/policyd/agent.sock"]


def test_the_container_has_the_computed_capabilities_and_no_other() -> None:
    wanted = in_manifests(needs({ALWAYS, PROCESSES, *TRACING, *NETWORK}))[1]
    context = container(FOUND)["securityContext"]
    assert set(context["capabilities"]["add"]) == set(re.findall(r"[A-Z_]{2,}", wanted))
    assert context["capabilities"]["drop"] == ["ALL"]


def test_every_capability_has_its_reason_beside_it() -> None:
    lines = re.findall(r"^ +- (BPF|PERFMON|NET_ADMIN) # (.+)$", TEXT, re.MULTILINE)
    assert [name for name, _ in lines] == ["BPF", "PERFMON", "NET_ADMIN"]


def test_the_container_can_gain_nothing() -> None:
    context = container(FOUND)["securityContext"]
    assert (context["privileged"], context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (
        False,
        False,
        True,
    )
    pod = of_kind(FOUND, "DaemonSet")["spec"]["template"]["spec"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is of_kind(FOUND, "ServiceAccount")["automountServiceAccountToken"] is False
    assert "hostNetwork" not in pod
    assert "hostIPC" not in pod
    assert "SYS_ADMIN" not in TEXT


def test_of_the_node_only_bpffs_is_writable() -> None:
    pod = of_kind(FOUND, "DaemonSet")["spec"]["template"]["spec"]
    host = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    writable = {mount["name"] for mount in container(FOUND)["volumeMounts"] if not mount.get("readOnly")}
    assert {path for name, path in host.items() if name in writable} == {"/sys/fs/bpf"}


def test_values_keep_their_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    jsonschema.validate(values, schema)
    assert set(schema["properties"]) - {"global"} == set(values)


def test_chart_package_and_image_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_the_image_pins_every_library_that_policyd_needs() -> None:
    wanted = re.findall(r'^ {4}"([\w-]+)[>=]', (ROOT / "pyproject.toml").read_text().partition("optional")[0], re.MULTILINE)
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "deploy/constraints.txt").read_text(), re.MULTILINE)
    assert {_plain(name) for name in wanted} <= {_plain(name) for name in pinned}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
