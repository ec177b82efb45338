import os

import pytest
import torch

from acecoder_dagster.learning import hardware
from acecoder_dagster.learning.sampling.engine import do_without_lscpu, running_engine
from acecoder_dagster.learning.sampling.settings import EngineSettings


def test_vllm_finds_the_cores_where_there_is_no_command_lscpu(monkeypatch):
    from vllm.utils import cpu_resource_utils

    monkeypatch.setattr(cpu_resource_utils, "_get_cpu_list", cpu_resource_utils._get_cpu_list)
    monkeypatch.setenv("PATH", "/nowhere")

    do_without_lscpu()

    assert {core.id for core in cpu_resource_utils.get_allowed_cpu_list()} == os.sched_getaffinity(0)


@pytest.mark.parametrize("multiplies_bfloat16", [False, True])
def test_half_precision_is_not_emulated(multiplies_bfloat16, tiny_model, tmp_path, monkeypatch):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setattr(hardware, "multiplies_bfloat16", lambda _: multiplies_bfloat16)
    AutoModelForCausalLM.from_pretrained(tiny_model).bfloat16().save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)

    with running_engine(str(tmp_path), None, EngineSettings(max_model_len=64)) as engine:
        dtype = engine.model_config.dtype

    assert dtype == (torch.bfloat16 if multiplies_bfloat16 else torch.float32)
