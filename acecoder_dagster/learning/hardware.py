"""What the hardware is good at."""

import torch


def multiplies_bfloat16(device_type: str) -> bool:
    """Return whether devices of a type multiply bfloat16.

    A CPU that has to emulate it is several times slower than with float32.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
