"""The files for Kubernetes, Slurm and SkyPilot: what can be said of them without any of these."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes.client
import pytest
import typer
import yaml
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from ray.scripts.scripts import cli as ray_command

from acecoder_dagster.cli.main import app

CONTAINERS = Path(__file__).parents[2] / "containers"
RAY_JOB = yaml.safe_load((CONTAINERS / "ray" / "rayjob.yaml").read_text())
HELM_VALUES = yaml.safe_load((CONTAINERS / "helm" / "values.yaml").read_text())
SKY = yaml.safe_load((CONTAINERS / "ray" / "sky.yaml").read_text())

STAND_IN = """#!/usr/bin/env bash
echo "{name} $*" >> "$(dirname "$0")/said"
{does}
"""
RUN_THE_REST = 'while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"'
RUN_BEHIND_DASHES = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'


def unknown_fields(model: str, value: Any, place: str = "") -> Iterator[str]:
    """The places of fields that Kubernetes' own client does not know."""
    if match := re.fullmatch(r"list\[(\w+)\]", model):
        for number, each in enumerate(value):
            yield from unknown_fields(match[1], each, f"{place}[{number}]")
    elif isinstance(described := getattr(kubernetes.client, model, None), type):
        kinds = {described.attribute_map[name]: kind for name, kind in described.openapi_types.items()}
        for name, each in value.items():
            if name in kinds:
                yield from unknown_fields(kinds[name], each, f"{place}.{name}")
            else:
                yield f"{place}.{name}"


def pod_templates(values: Mapping[str, Any]) -> dict[str, Any]:
    cluster = values["spec"]["rayClusterSpec"]
    workers = {group["groupName"]: group["template"] for group in cluster["workerGroupSpecs"]}
    return {"head": cluster["headGroupSpec"]["template"], **workers}


@pytest.mark.parametrize(("name", "template"), pod_templates(RAY_JOB).items())
def test_pods_of_the_ray_job_have_fields_that_kubernetes_knows_and_start_as_an_ordinary_user(name, template):
    assert list(unknown_fields("V1PodTemplateSpec", template)) == []
    for container in template["spec"]["containers"]:
        context = container["securityContext"]
        assert context["runAsNonRoot"]
        assert context["runAsUser"] == 1000
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not context.get("privileged")


def test_a_field_that_kubernetes_does_not_know_is_found():
    pod = {"spec": {"containers": [{"name": "a", "securityContext": {"runAsNobody": True}}], "volume": []}}

    assert list(unknown_fields("V1PodTemplateSpec", pod)) == [
        ".spec.containers[0].securityContext.runAsNobody",
        ".spec.volume",
    ]


def test_the_ray_job_is_of_the_version_that_is_pinned():
    pinned = (CONTAINERS.parent / "requirements" / "cluster.txt").read_text()

    assert f"\nray=={RAY_JOB['spec']['rayClusterSpec']['rayVersion']}\n" in pinned


def test_values_of_the_chart_describe_runs_as_dagster_takes_them():
    launcher = HELM_VALUES["runLauncher"]
    assert launcher["type"] == "K8sRunLauncher"
    config = launcher["config"]["k8sRunLauncher"]["runK8sConfig"]
    named = {"containerConfig": "container_config", "jobSpecConfig": "job_spec_config"}

    read = UserDefinedDagsterK8sConfig.from_dict({named[key]: value for key, value in config.items()})

    assert read.container_config["resources"]["limits"] == {"nvidia.com/gpu": 1}


def test_the_code_location_of_the_chart_has_fields_that_kubernetes_knows_and_starts_as_an_ordinary_user():
    (deployment,) = HELM_VALUES["dagster-user-deployments"]["deployments"]
    kinds = {
        "env": "list[V1EnvVar]",
        "volumes": "list[V1Volume]",
        "volumeMounts": "list[V1VolumeMount]",
        "podSecurityContext": "V1PodSecurityContext",
        "securityContext": "V1SecurityContext",
        "resources": "V1ResourceRequirements",
    }
    for name, kind in kinds.items():
        assert list(unknown_fields(kind, deployment[name])) == []
    assert deployment["securityContext"]["runAsUser"] == 1000
    assert deployment["dagsterApiGrpcArgs"] == ["--module-name", "acecoder_dagster.definitions"]


@pytest.fixture
def stand_ins(tmp_path):
    """Commands of Slurm and of Ray that say how they were called, and run what they are given."""
    for name, does in {
        "scontrol": "echo node-one; echo node-two",
        "srun": RUN_THE_REST,
        "ray": RUN_BEHIND_DASHES,
        "acecoder": 'echo "token of ${#RAY_AUTH_TOKEN} characters"',
    }.items():
        command = tmp_path / name
        command.write_text(STAND_IN.format(name=name, does=does))
        command.chmod(0o755)
    return tmp_path


def calls(stand_ins: Path) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in (stand_ins / "said").read_text().splitlines()}


def assert_ray_takes(arguments: list[str]) -> None:
    """Ray's own command has these options."""
    name, *options = arguments
    ray_command.commands[name].make_context(name, options)


def test_the_slurm_script_starts_ray_on_all_nodes_and_the_command_on_the_first(stand_ins):
    slurm = {"SLURM_JOB_NODELIST": "node-[one-two]", "SLURM_JOB_NUM_NODES": "2"}
    command = ["bash", str(CONTAINERS / "ray" / "cluster.sbatch"), "acecoder", "run", "--profile", "mine.toml"]

    done = subprocess.run(
        command, env={"PATH": f"{stand_ins}:/usr/local/bin:/usr/bin:/bin", **slurm}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    said = calls(stand_ins)
    assert done.stdout == "token of 64 characters\n"
    assert said["acecoder"] == ["run", "--profile", "mine.toml"]
    assert said["srun"][:3] == ["--nodes=2", "--ntasks=2", "--ntasks-per-node=1"]
    assert said["ray"][:5] == ["symmetric-run", "--address", "node-one:6379", "--min-nodes", "2"]
    assert_ray_takes(said["ray"])


def test_the_slurm_script_says_what_it_needs():
    done = subprocess.run(
        ["bash", str(CONTAINERS / "ray" / "cluster.sbatch")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "say what to run" in done.stderr


@pytest.mark.parametrize(("rank", "judges"), [("0", True), ("1", False)])
def test_the_sky_file_starts_ray_on_every_machine_and_judges_on_the_first(stand_ins, rank, judges):
    template = stand_ins / "sky_templates" / "ray" / "start_cluster"
    template.parent.mkdir(parents=True)
    template.write_text(STAND_IN.format(name="start_cluster", does=f"mv {template.parent}/said {stand_ins}/said"))
    template.chmod(0o755)
    given = {
        "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2",
        "SKYPILOT_NODE_RANK": rank,
        "SKYPILOT_TASK_ID": "task-1",
        "HOME": str(stand_ins),
        "PATH": f"{stand_ins}:/usr/local/bin:/usr/bin:/bin",
    }

    done = subprocess.run(["bash", "-euc", SKY["run"]], env=given, capture_output=True, text=True, check=True)

    said = calls(stand_ins)
    assert "start_cluster" in said
    assert ("acecoder" in said) == judges
    if judges:
        assert done.stdout == "token of 64 characters\n"
        assert said["acecoder"][0] == "judge"
        assert said["acecoder"][-2:] == ["--cluster", "10.0.0.1:6379"]
    subprocess.run(["bash", "-n"], input=SKY["setup"], text=True, check=True)


def test_the_command_of_the_ray_job_has_options_that_there_are():
    name, *options = shlex.split(RAY_JOB["spec"]["entrypoint"])[1:]

    typer.main.get_command(app).commands[name].make_context(name, options)
