"""Which part of a model's answer is the program."""

import pytest

from acecoder_dagster.learning.sampling import extract_program

PROGRAM = "def f(v):\n    return v\n"
OTHER = "def f(v):\n    return v + 1\n"

ANSWERS = {
    "no fence: the whole text": (PROGRAM, PROGRAM),
    "no fence, blank lines around": (f"\n  \n{PROGRAM}\n\n", PROGRAM),
    "no fence, no final newline": (PROGRAM.rstrip("\n"), PROGRAM),
    "one python block": (f"```python\n{PROGRAM}```", PROGRAM),
    "prose around": (f"Here is the program:\n\n```python\n{PROGRAM}```\nIt returns v.", PROGRAM),
    "block without language": (f"Sure!\n```\n{PROGRAM}```\n", PROGRAM),
    "language in capitals, space before it": (f"``` Python\n{PROGRAM}```\n", PROGRAM),
    "tildes": (f"~~~py\n{PROGRAM}~~~\n", PROGRAM),
    "four backticks around three": (f"````python\n{PROGRAM}# ```\n````\n", f"{PROGRAM}# ```\n"),
    "indented block in a list": ("1. So:\n   ```python\n   def f(v):\n       return v\n   ```\n", PROGRAM),
    "two versions: the last": (f"```python\n{PROGRAM}```\nBetter:\n```python\n{OTHER}```\n", OTHER),
    "usage example after the program": (f"```python\n{PROGRAM}```\nUse it:\n```python\nprint(f(3))\n```\n", PROGRAM),
    "output in a block without language": (f"```python\n{PROGRAM}```\nprints\n```\n3\n```\n", PROGRAM),
    "shell block after the program": (f"```python\n{PROGRAM}```\n```bash\npython f.py\n```\n", PROGRAM),
    "marked block before an unmarked one with a definition": (f"```python\n{PROGRAM}```\n```\n{OTHER}```\n", PROGRAM),
    "truncated block": (f"Here:\n```python\n{PROGRAM}", PROGRAM),
    "complete block before a truncated one": (f"```python\n{PROGRAM}```\nor\n```python\ndef f(v):\n    ret", PROGRAM),
    "fence opened by the prompt": (f"{PROGRAM}```\nThis returns v.", PROGRAM),
    "fence opened by the prompt, example after it": (
        f"{PROGRAM}```\nFor example:\n```python\ndef test():\n    assert f(1)\n```\n",
        PROGRAM,
    ),
    "fence opened by the prompt, nothing after": (f"{PROGRAM}```", PROGRAM),
    "imports before the function, fence opened by the prompt": (
        f"import re\n\n{PROGRAM}```\n",
        f"import re\n\n{PROGRAM}",
    ),
    "one word of prose before a bare fence": (f"Solution\n```\n{PROGRAM}```", PROGRAM),
    "thinking before the answer": (f"<think>\n```python\n{OTHER}```\n</think>\n```python\n{PROGRAM}```", PROGRAM),
    "thinking, answer without fence": (f"<think>hm</think>{PROGRAM}", PROGRAM),
    "thinking opened by the prompt": (f"hm, maybe\n```python\n{OTHER}```\n</think>\n```python\n{PROGRAM}```", PROGRAM),
    "thinking that never ends": (f"<think>\n```python\n{PROGRAM}```\n", ""),
    "answer tags": (f"<answer>\n```python\n{PROGRAM}```\n</answer>", PROGRAM),
    "answer tags after a draft": (f"```python\n{OTHER}```\n<answer>```python\n{PROGRAM}```</answer>", PROGRAM),
    "answer tags without fence": (f"So:\n<answer>\n{PROGRAM}</answer>\n", PROGRAM),
    "answer tag that never ends": (f"<think>x</think><answer>\n```python\n{PROGRAM}```", PROGRAM),
    "empty text": ("", ""),
    "only blank lines": ("\n \n", ""),
    "only a shell block": ("```bash\nls\n```\n", ""),
    "windows line ends": ("```python\r\ndef f(v):\r\n    return v\r\n```\r\n", PROGRAM),
    "backticks inside a line": (f"Use `f`:\n```python\n{PROGRAM}```", PROGRAM),
    "null byte before a fence": ("x = 1\0\n```\n", ""),
    "thinking twice": (f"<think>a</think>```python\n{OTHER}```<think>b</think>```python\n{PROGRAM}```", PROGRAM),
    "answer tags inside thinking": (f"<think><answer>{OTHER}</answer></think><answer>{PROGRAM}</answer>", PROGRAM),
    "two answers: the last": (f"<answer>{OTHER}</answer> No:\n<answer>{PROGRAM}</answer>", PROGRAM),
    "class instead of a function": ("```python\nclass A:\n    pass\n```\n```python\nA()\n```", "class A:\n    pass\n"),
    "async function": ("```python\nasync def f(v):\n    return v\n```", "async def f(v):\n    return v\n"),
    "decorated function": (f"```python\n@cache\n{PROGRAM}```", f"@cache\n{PROGRAM}"),
    "text marked as a language that is not Python": (
        f"```json\n{{}}\n```\n```py3\n{OTHER}```\n```\n{PROGRAM}```",
        PROGRAM,
    ),
    "only white space inside the block": ("```python\n   \n```", ""),
}


@pytest.mark.parametrize(("completion", "program"), ANSWERS.values(), ids=ANSWERS.keys())
def test_extraction(completion: str, program: str) -> None:
    assert extract_program(completion) == program


def test_a_program_is_found_again_in_itself() -> None:
    for completion, _ in ANSWERS.values():
        program = extract_program(completion)
        if "```" not in program:
            assert extract_program(program) == program
