"""The Helm chart, rendered by the real helm with many values: what comes out is valid, and says what the values say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from deployed import CHART, CUSTOM, KUBERNETES, ROOT, complaints, container, documents, find_tool, helm, of_kind, rendered

from policyd.config.load import parse_config
from policyd.parsing import parse_policies

pytestmark = pytest.mark.skipif(
    find_tool("helm") is None, reason="helm is not installed: scripts/get-deploy-tools builds it"
)

GIT = (
    "--set-json",
    'sources=[{"name":"team","git":{"url":"https://git.example/team/policies.git","ref":{"branch":"main"},"path":"policies",'
    '"verify":{"mode":"HEAD","keys":["/run/secrets/git/signers"]},"credentials":{"token":"/run/secrets/git/token"}}}]',
    "--set-json",
    'secrets=[{"name":"git","path":"/run/secrets/git"}]',
)
FILES = ("--set-file", r"policies.files.forks\.yaml=policies/processes/forks.yaml")
MONITORING = ("--set", "http.enabled=true,podMonitor.enabled=true,prometheusRule.enabled=true")
NODE = ("--set", "hostNetwork=true,hostPID=false,cache.hostPath=/var/cache/policyd,state.hostPath=/var/lib/policyd")
MORE = (
    *("--set", "capabilities={BPF,PERFMON},image.digest=sha256:" + "0" * 64),
    *("--set-json", 'extraEnv=[{"name":"A","value":"b"}]', "--set-json", 'extraVolumes=[{"name":"x","emptyDir":{}}]'),
    *("--set-json", 'extraVolumeMounts=[{"name":"x","mountPath":"/x"}]', "--set-json", 'podAnnotations={"a":"b"}'),
    *("--set-json", 'seLinuxOptions={"type":"spc_t"}', "--set", "agent.canary.interval=0,policies.configMaps={mine}"),
)
SETS = {
    "defaults": (),
    "git": GIT,
    "files": FILES,
    "monitoring": MONITORING,
    "node": NODE,
    "more": MORE,
    "all": GIT + FILES + NODE,
}


@pytest.mark.parametrize("words", SETS.values(), ids=SETS)
def test_it_renders_to_what_kubernetes_takes(words: tuple[str, ...]) -> None:
    found = documents(rendered(*words))
    assert complaints(found) == []
    config = parse_config(of_kind(found, "ConfigMap")["data"]["agent.yaml"].encode(), "agent.yaml")
    assert config.name == "policyd"
    assert {problem.code for problem in config.warnings} <= {"missing-secret"}  # the pod has them, and this host has not


def test_helms_own_linter_finds_nothing() -> None:
    done = helm("lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(
    find_tool("kubeconform") is None, reason="kubeconform is not installed: scripts/get-deploy-tools builds it"
)
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubeconform_takes_it_and_refuses_a_misspelt_key(version: str, tmp_path: Path) -> None:
    write_schemas(tmp_path, version)
    tool = find_tool("kubeconform")
    assert tool is not None
    where = f"{tmp_path}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [tool, "-strict", "-schema-location", where, "-skip", ",".join(CUSTOM), "-"]
    text = rendered(*GIT, *FILES, *NODE, *MORE)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = text.replace("readOnlyRootFilesystem", "readOnlyRootFilesytem")
    done = subprocess.run(command, input=broken, capture_output=True, text=True, check=False)
    assert (done.returncode, "readOnlyRootFilesytem" in done.stdout) == (1, True)


def write_schemas(folder: Path, version: str) -> None:
    """Write the schemas that kubernetes-validate carries as kubeconform wants them: each with all that it refers to."""
    source = Path(kubernetes_validate.__file__).parent / f"kubernetes-json-schema/v{version}.0-local-strict"
    shared = (source / "_definitions.json").read_text()
    for kind in ("configmap-v1", "daemonset-apps-v1", "serviceaccount-v1"):
        text = (source / f"{kind}.json").read_text()
        whole = json.loads(text) | {"$defs": json.loads(shared)["$defs"]}
        del whole["$id"]
        (folder / f"{kind}.json").write_text(json.dumps(whole).replace("/api/_definitions.json#", "#"))


def test_policies_of_files_arrive_as_they_were() -> None:
    found = documents(rendered(*FILES))
    text = of_kind(found, "ConfigMap", "policyd-policies")["data"]["forks.yaml"]
    assert [policy.name for policy in parse_policies(text.encode(), "forks.yaml").require()] == ["forks"]


def test_git_sources_and_their_secrets_are_mounted_where_the_agent_reads_them() -> None:
    found = documents(rendered(*GIT))
    config = parse_config(of_kind(found, "ConfigMap")["data"]["agent.yaml"].encode(), "agent.yaml")
    git = config.sources[0].git
    assert git is not None
    mounts = {mount["name"]: mount["mountPath"] for mount in container(found)["volumeMounts"]}
    assert git.credentials is not None
    assert git.credentials.token.startswith(mounts["secret-git"] + "/")


def test_metrics_are_served_to_the_network_only_when_asked_for() -> None:
    (closed,) = (of_kind(documents(rendered()), "ConfigMap")["data"]["agent.yaml"],)
    assert "http:" not in closed
    found = documents(rendered(*MONITORING))
    config = parse_config(of_kind(found, "ConfigMap")["data"]["agent.yaml"].encode(), "agent.yaml")
    assert [str(where) for where in config.listen] == ["unix:/run/policyd/agent.sock", "http://0.0.0.0:9633"]
    assert of_kind(found, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["port"] == container(found)["ports"][0]["name"]


def test_the_alert_rules_arrive_as_they_are() -> None:
    rules = of_kind(documents(rendered(*MONITORING)), "PrometheusRule")["spec"]
    assert rules == yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())


def test_a_new_configuration_makes_new_pods_and_new_policies_do_not() -> None:
    def checksum(*words: str) -> str:
        template = of_kind(documents(rendered(*words)), "DaemonSet")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/agent"])

    one = checksum("--set", r"policies.files.a\.yaml=x")
    assert one == checksum("--set", r"policies.files.a\.yaml=y")
    assert one != checksum("--set", r"policies.files.a\.yaml=x,agent.interval=1m")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "capabilites={BPF}"), "capabilites"),
        (("--set", "capabilities={CAP_BPF}"), "capabilities"),
        (("--set", "capabilities={PERFMON}"), "capabilities"),
        (("--set", "bpffs.directory=a.b"), "directory"),
        (("--set", "runtimes.hostPaths={/run/containerd}"), "hostPaths"),
        (("--set", "agent.listen={unix:/x}"), "listen"),
        (("--set", "updateStrategy.rollingUpdate.maxSurge=1"), "maxSurge"),
        (("--set", "podMonitor.enabled=true"), "http.enabled"),
        (("--set-json", 'sources=[{"name":"configmap"}]'), "sources"),
    ],
)
def test_values_that_cannot_work_are_refused(words: tuple[str, ...], said: str) -> None:
    done = helm("template", "policyd", str(CHART), "--kube-version", "1.31", *words)
    assert done.returncode != 0
    assert said in done.stderr
