"""Attention on a GPU. These tests need one, so they run only when this folder is named: `pytest tests/gpu`."""

import torch

from acecoder_dagster.learning.attention import PackedSegments, packed_attention
from tests.learning.attention.test_attention import SEGMENTS, outputs_and_gradients


def test_flash_attention_on_a_gpu_gives_what_a_cpu_gives() -> None:
    torch.manual_seed(0)
    states = [torch.randn(1, heads, SEGMENTS[-1].stop, 64).bfloat16() for heads in (4, 2, 2)]
    results = []
    for device, kind in (("cuda", torch.bfloat16), ("cpu", torch.float32)):
        segments = PackedSegments(SEGMENTS, torch.device(device))
        results.append(
            outputs_and_gradients(
                lambda *leaves, segments=segments: packed_attention(
                    torch.nn.Identity(), *leaves, None, scaling=0.1, packed_segments=segments
                )[0],
                *(each.to(device, kind) for each in states),
            )
        )
    for on_gpu, on_cpu in zip(*results, strict=True):
        assert torch.allclose(on_gpu.float().cpu(), on_cpu, rtol=0.02, atol=0.02)
