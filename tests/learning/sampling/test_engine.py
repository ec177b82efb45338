import os

from acecoder_dagster.learning.sampling.engine import do_without_lscpu


def test_vllm_finds_the_cores_where_there_is_no_command_lscpu(monkeypatch):
    from vllm.utils import cpu_resource_utils

    monkeypatch.setattr(cpu_resource_utils, "_get_cpu_list", cpu_resource_utils._get_cpu_list)
    monkeypatch.setenv("PATH", "/nowhere")

    do_without_lscpu()

    assert {core.id for core in cpu_resource_utils.get_allowed_cpu_list()} == os.sched_getaffinity(0)
