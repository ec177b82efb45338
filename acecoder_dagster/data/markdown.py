"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown.

    Args:
        names: names of the columns.
        rows: the cells of each row; line breaks and bars in them are made harmless.
    """
    lines = [names, ["---"] * len(names), *rows]
    cells = [[cell.replace("|", r"\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
