"""Programs between fences, as LiveCodeBench takes them."""


def between_last_fences(text: str) -> str:
    """Return the lines between the last two lines that hold a fence; nothing where there are fewer than two.

    LiveCodeBench's `extract_code` (lcb_runner/utils/extraction_utils.py), for all but a few old models.
    """
    lines = text.split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    if len(fences) < 2:
        return ""
    return "\n".join(lines[fences[-2] + 1 : fences[-1]])


def after_thinking(text: str) -> str:
    """Return what follows the last `</think>`; the whole text where there is none."""
    return text.rpartition("</think>")[2]
