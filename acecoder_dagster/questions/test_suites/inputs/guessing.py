"""What kinds of values a parameter seems to take: by its type hint, its default, how it is used, and its name."""

import ast
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from acecoder_dagster.python_source import parse_expression, unparse

_HINTED = {
    "str": ["text"], "bytes": ["bytes"], "bytearray": ["bytes"], "int": ["whole", "count"], "float": ["real", "whole"],
    "complex": ["complex", "real"], "bool": ["flag"], "None": ["none"], "object": ["text", "whole", "wholes"],
    "Any": ["text", "whole", "wholes"], "list": ["wholes", "texts"], "tuple": ["whole_tuple", "pair"],
    "dict": ["wholes_by_text", "texts_by_text"], "set": ["whole_set"], "frozenset": ["whole_set"],
    "Number": ["whole", "real"], "Real": ["real", "whole"], "Hashable": ["text", "whole"],
    "list[int]": ["wholes", "sorted_wholes"], "list[float]": ["reals"], "list[str]": ["texts"],
    "list[bool]": ["flags"], "list[bytes]": ["bytes_list"], "list[list[int]]": ["rows", "grid"],
    "list[list[float]]": ["rows", "grid"], "list[list[str]]": ["text_rows"], "list[tuple[int, int]]": ["pairs"],
    "list[tuple[str, str]]": ["text_pairs"], "tuple[int, int]": ["pair"], "tuple[float, float]": ["pair"],
    "tuple[str, str]": ["text_pair"], "tuple[int, int, int]": ["triple"], "dict[str, int]": ["wholes_by_text"],
    "dict[str, float]": ["wholes_by_text"], "dict[str, str]": ["texts_by_text"], "dict[int, int]": ["wholes_by_whole"],
    "dict[str, list[str]]": ["lists_by_text"], "set[int]": ["whole_set"], "set[str]": ["text_set"],
}  # fmt: skip
_LIKE_LIST = {"List", "Sequence", "Iterable", "Collection", "MutableSequence", "Iterator", "Container", "Reversible"}
_LIKE_DICT = {"Dict", "Mapping", "MutableMapping", "DefaultDict", "OrderedDict"}
_RENAMED = {
    **dict.fromkeys(_LIKE_LIST, "list"),
    **dict.fromkeys(_LIKE_DICT, "dict"),
    "Set": "set",
    "FrozenSet": "set",
    "AbstractSet": "set",
    "frozenset": "set",
    "Tuple": "tuple",
    "Text": "str",
}

_NAMED = (
    (r"^(s|st|str|string|text|txt|word|line|name|key|label|title|msg|message|prefix|suffix|sep|pattern|path|file"
     r"|filename|fname|url|uri|host|addr|address|query|header|value|token|tag|html|xml|code|source|src|expr|doc"
     r"|sentence|phrase|content|mode|fmt|format|encoding|charset|lang|locale|domain|email|date|version)s?$", "text"),
    (r"^(n|k|i|j|m|num|number|x|y|z|a|b|c|p|q|start|stop|end|step|size|length|count|limit|width|height|depth|level"
     r"|index|idx|pos|position|offset|year|month|day|hour|minute|second|base|digits|precision|max_\w+|min_\w+|\w*len"
     r"|flags?|bits?|mask|value|indent|low|high|lo|hi|total|target|amount|mod|exponent|power|degree|steps)$", "whole"),
    (r"^(year|month|day|width|size|length|count|n|k|limit|depth|level|index|idx|indent|base|bits)$", "count"),
    (r"^(l|lst|list|nums|numbers|arr|array|seq|sequence|data|items?|iterable|values|xs|elements|it|collection|vector"
     r"|points|heap|a|row|rows|weights|samples?|population)$", "wholes"),
    (r"^(words|lines|names|strings|strs|texts|parts|paths|args|argv|keys|labels|tokens|fields|columns|list)$", "texts"),
    (r"^(ratio|rate|alpha|beta|x|y|radius|angle|theta|mu|sigma|mean|prob\w*|weight|price|temperature|value|freq\w*)$",
     "real"),
    (r"^(matrix|grid|board|table|mat|rows)$", "grid"),
    (r"^(d|dict|dic|map|mapping|params|options|kwargs|table|counts|env|headers|attrs|config)$", "wholes_by_text"),
    (r"^(graph|adj\w*|tree|edges)$", "lists_by_text"),
    (r"^(b|data|buf|buffer|raw|payload|bytes|octets|chunk|h|header|s|source)$", "bytes"),
    (r"^(char|ch|c|letter|delimiter|sep|quote)$", "character"),
    (r"^(is_\w+|has_\w+|use_\w+|\w*flag|verbose|strict|reverse|inclusive|ignore\w*|\w+_only|skip\w*)$", "flag"),
)  # fmt: skip
_USUAL = {
    "text": 1.0, "whole": 0.9, "wholes": 0.8, "texts": 0.5, "bytes": 0.5, "real": 0.4, "wholes_by_text": 0.3,
    "pair": 0.25, "pairs": 0.2, "rows": 0.2, "count": 0.3, "character": 0.2, "text_pairs": 0.15, "none": 0.05,
}  # fmt: skip

_METHODS = {
    **{m: "text" for m in dir(str) if m not in dir(bytes) and not m.startswith("_")},
    **dict.fromkeys(["startswith", "endswith", "strip", "split", "lower", "upper", "find", "replace", "join"], "text"),
    **dict.fromkeys(["rstrip", "lstrip", "splitlines", "rfind", "partition", "rpartition", "isdigit"], "text"),
    **dict.fromkeys(["append", "extend", "insert", "sort", "reverse"], "wholes"),
    **dict.fromkeys(["items", "keys", "values", "get", "setdefault", "update"], "wholes_by_text"),
    **dict.fromkeys(["add", "union", "intersection", "difference", "issubset"], "whole_set"),
    **dict.fromkeys(["decode", "hex"], "bytes"),
    **dict.fromkeys(["is_integer", "as_integer_ratio"], "real"),
    **dict.fromkeys(["bit_length"], "whole"),
}
_ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.BitAnd)
_OVER_SEQUENCES = {"len", "sorted", "enumerate", "zip", "reversed", "list", "tuple", "set", "iter", "map", "filter"}
_OVER_NUMBERS = {"sum", "max", "min"}
_OF_NUMBERS = {"range": "count", "abs": "whole", "divmod": "whole", "bin": "whole", "hex": "whole", "chr": "count",
               "float": "real", "round": "real", "pow": "whole", "int": "text", "ord": "character"}  # fmt: skip
_OF_CONSTANTS = {str: "text", bytes: "bytes", bool: "flag", int: "whole", float: "real"}


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, likely kinds with the likeliest first, and whether it must be given."""

    name: str
    kinds: tuple[str, ...]
    required: bool
    by_name: bool
    many: bool = False
    """Whether it stands for any number of arguments (`*args`)."""


def guess_parameters(function: ast.FunctionDef, kinds_each: int) -> list[Parameter]:
    """Return the function's parameters, without `**kwargs`."""
    signature = function.args
    positional = [*signature.posonlyargs, *signature.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(signature.defaults)) + list(signature.defaults)
    given = [(argument, default, False) for argument, default in zip(positional, defaults, strict=True)]
    given += [(a, default, True) for a, default in zip(signature.kwonlyargs, signature.kw_defaults, strict=True)]
    parameters = [
        Parameter(a.arg, _kinds(function, a, default)[:kinds_each], default is None, by_name)
        for a, default, by_name in given
    ]
    if signature.vararg is not None:
        many = Parameter(signature.vararg.arg, _kinds(function, signature.vararg, None)[:kinds_each], True, False, True)
        parameters.insert(len(positional), many)
    return parameters


def _kinds(function: ast.FunctionDef, argument: ast.arg, default: ast.expr | None) -> tuple[str, ...]:
    scores: Counter[str] = Counter()
    hinted = _hinted_kinds(argument.annotation)
    for place, kind in enumerate(hinted):
        scores[kind] += 100 - place
    if not hinted:
        scores.update(_USUAL)
        _add_use(function, argument.arg, scores)
        for pattern, kind in _NAMED:
            if re.match(pattern, argument.arg.lower()):
                scores[kind] += 1.2  # type: ignore[assignment]
    if isinstance(default, ast.Constant) and type(default.value) in _OF_CONSTANTS:
        scores[_OF_CONSTANTS[type(default.value)]] += 4
    return tuple(kind for kind, _ in scores.most_common())


def _hinted_kinds(annotation: ast.expr | None) -> list[str]:
    """Return the kinds of a type hint, none when it says nothing that is known."""
    if annotation is None:
        return []
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return _hinted_kinds(parse_expression(annotation.value))
        except SyntaxError:
            return []
    if isinstance(annotation, ast.BinOp):
        return _hinted_kinds(annotation.left) + _hinted_kinds(annotation.right)
    if isinstance(annotation, ast.Subscript):
        name = _simple_name(annotation.value)
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if name in {"Optional", "Union", "Final", "Annotated"}:
            kinds = [kind for each in inner for kind in _hinted_kinds(each)]
            return kinds + ["none"] * (name == "Optional")
    exact = _HINTED.get(_normal(annotation))
    if exact is not None:
        return exact
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return _HINTED.get(_simple_name(outer), [])


def _normal(annotation: ast.expr) -> str:
    """Return a hint with one name for all list-like types, one for all dict-like ones."""
    renamed = re.sub(r"\b(?:typing|collections\.abc|collections|t)\.", "", unparse(annotation))
    return re.sub(r"\w+", lambda name: _RENAMED.get(name[0], name[0]), renamed)


def _simple_name(node: ast.expr) -> str:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    return _RENAMED.get(name, name)


def _add_use(function: ast.FunctionDef, name: str, scores: Counter[str]) -> None:
    """Count what the body does with the parameter."""

    def is_it(node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id == name

    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and is_it(node.value):
            scores[_METHODS.get(node.attr, "text")] += 3 if node.attr in _METHODS else 0
        elif isinstance(node, ast.For | ast.comprehension) and is_it(node.iter):
            scores.update({"wholes": 2, "texts": 1, "text": 1})
        elif isinstance(node, ast.Subscript) and is_it(node.value):
            scores.update({"wholes": 1, "text": 1, "pair": 1})
        elif isinstance(node, ast.BinOp) and (is_it(node.left) or is_it(node.right)):
            if isinstance(node.op, _ARITHMETIC) and not isinstance(node.left, ast.Constant | ast.JoinedStr):
                scores.update({"whole": 2, "real": 1, "count": 1})
        elif isinstance(node, ast.Compare) and (is_it(node.left) or any(map(is_it, node.comparators))):
            for other in [node.left, *node.comparators]:
                if isinstance(other, ast.Constant) and type(other.value) in _OF_CONSTANTS:
                    scores[_OF_CONSTANTS[type(other.value)]] += 2
        elif isinstance(node, ast.Call):
            _add_call(node, is_it, scores)


def _add_call(call: ast.Call, is_it: Callable[[ast.AST], bool], scores: Counter[str]) -> None:
    if not any(is_it(argument) for argument in call.args):
        return
    called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if called == "isinstance" and len(call.args) == 2:
        kinds = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
        for kind in kinds:
            for place, each in enumerate(_hinted_kinds(kind)):
                scores[each] += 3 - place
    elif called in _OVER_SEQUENCES:
        scores.update({"wholes": 1, "texts": 1, "text": 1})
    elif called in _OVER_NUMBERS:
        scores.update({"wholes": 2, "reals": 1})
    elif called in _OF_NUMBERS:
        scores[_OF_NUMBERS[called]] += 2
    elif called in {"match", "search", "fullmatch", "sub", "findall", "split", "finditer"}:
        scores["text"] += 2
