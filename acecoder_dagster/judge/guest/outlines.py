"""The outlines of a test's functions: what a program may find out about a function that it is given."""

from __future__ import annotations

import builtins
import types
from typing import Any

_TAKES_ARGUMENTS, _TAKES_KEYWORDS = 0x04, 0x08  # of code objects: *arguments, **keywords


def function_outline(function: Any) -> tuple[str, tuple[Any, ...]]:
    """The text of a function that takes the same arguments, and its defaults; both empty for other callables."""
    if type(function) is not types.FunctionType:
        return "", ()
    code = function.__code__
    names = list(code.co_varnames)
    positional = names[: code.co_argcount]
    only_named = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = names[code.co_argcount + code.co_kwonlyargcount :]
    defaults = [*(function.__defaults__ or ())]
    named_defaults = function.__kwdefaults__ or {}
    shown = positional[: len(positional) - len(defaults)]
    shown += [f"{name}=default_{i}" for i, name in enumerate(positional[len(shown) :])]
    if code.co_posonlyargcount:
        shown.insert(code.co_posonlyargcount, "/")
    passed = list(positional)
    if code.co_flags & _TAKES_ARGUMENTS:
        variable = rest.pop(0)
        shown.append(f"*{variable}")
        passed.append(f"*{variable}")
    elif only_named:
        shown.append("*")
    for name in only_named:
        if name in named_defaults:
            shown.append(f"{name}=default_{len(defaults)}")
            defaults.append(named_defaults[name])
        else:
            shown.append(name)
        passed.append(f"{name}={name}")
    if code.co_flags & _TAKES_KEYWORDS:
        shown.append(f"**{rest[0]}")
        passed.append(f"**{rest[0]}")
    annotations = {name: _annotation(kind) for name, kind in function.__annotations__.items()}
    shown = [_annotated(parameter, annotations) for parameter in shown]
    returned = f" -> {annotations['return']}" if annotations.get("return") else ""
    text = f"def function({', '.join(shown)}){returned}:\n    return call_back({', '.join(passed)})"
    return text, tuple(defaults)


def _annotation(kind: Any) -> str:
    """The name of a built-in class; nothing for other annotations, which the program's process may not know."""
    name = "None" if kind is None else getattr(kind, "__name__", "")
    return name if kind is None or getattr(builtins, str(name), None) is kind else ""


def _annotated(parameter: str, annotations: dict[str, str]) -> str:
    name, _, default = parameter.partition("=")
    annotation = annotations.get(name.lstrip("*"))
    if not annotation:
        return parameter
    return f"{name}: {annotation}={default}" if default else f"{name}: {annotation}"
