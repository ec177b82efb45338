"""Renders chats with a model's chat template: `python -m acecoder_dagster.learning.sampling.chat MODEL`.

It reads a JSON list of chats, each a list of messages, from standard input, and writes a JSON list of texts. A last
turn of the assistant is left open; after a turn of the user the assistant's begins.
"""

import json
import sys

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.pretrained import load_tokenizer


def main() -> None:
    """Render the chats on standard input, and write them to standard output."""
    (model,) = sys.argv[1:]
    try:
        tokenizer = load_tokenizer(model)
    except ModelLoadError as error:
        sys.exit(str(error).splitlines()[0])
    if tokenizer.chat_template is None:
        sys.exit("it has no chat template; use a plain prompt template or an instruct model")
    chats = json.load(sys.stdin)
    texts = []
    for chat in chats:
        is_open = chat[-1]["role"] == "assistant"
        how = {"continue_final_message": is_open, "add_generation_prompt": not is_open}
        text = tokenizer.apply_chat_template(chat, tokenize=False, **how)
        # Gemma's template strips turns; the line break after which an open answer goes on belongs to it.
        begun = chat[-1]["content"] if is_open else ""
        texts.append(text if text.endswith(begun) else text + begun[len(begun.rstrip()) :])
    json.dump(texts, sys.stdout)


if __name__ == "__main__":
    main()
