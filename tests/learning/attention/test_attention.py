from collections.abc import Callable

import pytest
import torch

from acecoder_dagster.learning.attention import PackedSegments, Segment, flash
from acecoder_dagster.learning.attention.flash import flash_attention
from acecoder_dagster.learning.attention.packed import half_precision
from acecoder_dagster.learning.attention.padded import padded_attention
from acecoder_dagster.learning.attention.split import split_attention

# Two prompts with programs, one program without a prompt, a prompt without programs.
SEGMENTS = [
    Segment(0, 7),
    Segment(7, 10, 0, 7),
    Segment(10, 40, 0, 7),
    Segment(40, 41, 0, 7),
    Segment(41, 53, 41, 41),
    Segment(53, 73),
    Segment(73, 82, 53, 73),
    Segment(82, 90),
]
SCALE = 0.3


def attention_one_by_one(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Each token alone: a softmax over what it sees."""
    shared_by = query.shape[1] // key.shape[1]
    rows = []
    for segment in SEGMENTS:
        for token in range(segment.start, segment.stop):
            seen = [*range(segment.prefix_start, segment.prefix_stop), *range(segment.start, token + 1)]
            heads = []
            for head in range(query.shape[1]):
                keys, values = key[0, head // shared_by, seen], value[0, head // shared_by, seen]
                heads.append(torch.softmax(SCALE * keys @ query[0, head, token], 0) @ values)
            rows.append(torch.stack(heads))
    return torch.stack(rows)[None]


def flash_kernel_by_its_documentation(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_ends: torch.Tensor,
    key_ends: torch.Tensor,
    most_queries: int,
    most_keys: int,
    *,
    scale: float,
    window_size: tuple[int, int],
    enable_gqa: bool,
) -> torch.Tensor:
    assert window_size == (-1, 0)
    assert enable_gqa == (query.shape[1] != key.shape[1])
    outputs = []
    for number in range(len(query_ends) - 1):
        asking = slice(query_ends[number], query_ends[number + 1])
        seen = slice(key_ends[number], key_ends[number + 1])
        queries, keys = asking.stop - asking.start, seen.stop - seen.start
        assert queries <= most_queries
        assert keys <= most_keys
        mask = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
        states = [states.transpose(0, 1)[None] for states in (query[asking], key[seen], value[seen])]
        attended = torch.nn.functional.scaled_dot_product_attention(
            *states, attn_mask=mask, scale=scale, enable_gqa=enable_gqa
        )
        outputs.append(attended[0].transpose(0, 1))
    return torch.cat(outputs)


def outputs_and_gradients(attend: Callable[..., torch.Tensor], *states: torch.Tensor) -> list[torch.Tensor]:
    leaves = [each.clone().requires_grad_() for each in states]
    output = attend(*leaves)
    (output * torch.arange(output.numel(), device=output.device).view(output.shape).cos()).sum().backward()
    return [output.detach(), *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("way", ["split", "flash", "padded"])
@pytest.mark.parametrize("key_heads", [4, 2])
def test_every_way_of_attention_lets_tokens_see_their_prompt_and_what_is_before_them_and_nothing_else(
    way: str, key_heads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    states = [torch.randn(1, heads, SEGMENTS[-1].stop, 8) for heads in (4, key_heads, key_heads)]
    # Scores far apart: a share that is not quite zero, or not quite one, would show.
    states[0] *= 5
    segments = PackedSegments(SEGMENTS, torch.device("cpu"))
    plan = segments.padded() if way == "padded" else getattr(segments, way)
    attend = {"split": split_attention, "flash": flash_attention, "padded": padded_attention}[way]
    monkeypatch.setattr(flash, "varlen_attn", flash_kernel_by_its_documentation)
    got = outputs_and_gradients(lambda *leaves: attend(*leaves, plan, SCALE), *states)
    expected = outputs_and_gradients(attention_one_by_one, *states)
    for ours, plain in zip(got, expected, strict=True):
        assert torch.allclose(ours, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "autocast", "expected"),
    [
        (torch.float32, False, None),
        (torch.float32, True, torch.bfloat16),
        (torch.float16, False, torch.float16),
        (torch.bfloat16, True, torch.bfloat16),
    ],
)
def test_float32_states_under_autocast_are_attended_to_in_half_precision(dtype, autocast, expected):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        assert half_precision(dtype, "cpu") is expected
