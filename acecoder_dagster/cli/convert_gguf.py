"""`acecoder convert-gguf`: the model of a GGUF file as a folder that every command takes."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.printing import output, print_line


def convert_gguf(
    source: Annotated[Path, typer.Argument(help="File of a model in llama.cpp's format.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the model.")],
) -> None:
    """Convert a GGUF file to a folder of weights and tokenizer.

    Every command and profile takes the folder as a model.
    """
    from acecoder_dagster.cli.models import need_libraries, refuse_finished_model

    need_libraries("acecoder convert-gguf", also=("gguf",))
    refuse_finished_model(out)
    from acecoder_dagster.learning.gguf_files import convert_gguf as convert

    out.parent.mkdir(parents=True, exist_ok=True)
    convert(source, out)
    print_line(output, f"model in {out}")
