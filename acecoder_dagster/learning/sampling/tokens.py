"""Encodes prompts with a model's tokenizer: `python -m acecoder_dagster.learning.sampling.tokens MODEL`.

It reads a JSON list of texts from standard input, and writes a JSON list of lists of token ids.
"""

import json
import sys

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.pretrained import load_tokenizer
from acecoder_dagster.learning.prompt_tokens import encode_prompts


def main() -> None:
    """Encode the texts on standard input, and write their tokens to standard output."""
    (model,) = sys.argv[1:]
    try:
        tokenizer = load_tokenizer(model)
    except ModelLoadError as error:
        sys.exit(str(error).splitlines()[0])
    json.dump(encode_prompts(tokenizer, json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
