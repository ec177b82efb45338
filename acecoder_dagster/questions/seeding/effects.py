"""Whether code uses more than its arguments: files, network, processes, time, randomness. By its syntax tree."""

import ast
from collections.abc import Iterable

_MODULES = {
    "files": (
        "pathlib shutil tempfile glob fileinput zipfile tarfile gzip bz2 lzma sqlite3 dbm shelve mmap fcntl "
        "linecache py_compile compileall zipimport zipapp netrc mailbox"
    ),
    "the network": (
        "socket ssl http urllib.request urllib.robotparser ftplib smtplib imaplib poplib nntplib telnetlib "
        "socketserver select selectors asyncio asyncore asynchat xmlrpc webbrowser wsgiref cgi requests httpx aiohttp"
    ),
    "processes": (
        "subprocess multiprocessing threading _thread concurrent signal ctypes pty tty termios resource pwd grp "
        "readline curses faulthandler atexit sched queue tkinter turtle pdb cmd code"
    ),
    "time": "time timeit cProfile profile trace tracemalloc",
    "randomness": "random secrets uuid",
    "the interpreter": (
        "inspect importlib pkgutil imp gc sysconfig site runpy traceback logging unittest doctest pydoc "
        "platform getpass gettext locale"
    ),
}
_EFFECT_OF_MODULE = {module: effect for effect, modules in _MODULES.items() for module in modules.split()}

_EFFECT_OF_CALL = {"open": "files", "input": "processes", "breakpoint": "processes", "id": "the interpreter"}
_CLOCK_METHODS = {"now", "today", "utcnow", "gmtime", "localtime"}
_PURE_OF_OS = {"path", "fspath", "sep", "altsep", "extsep", "curdir", "pardir", "linesep", "PathLike", "fsencode"}
_PURE_OF_OS |= {"fsdecode", "name", "error", "pathsep", "devnull"}
_EFFECTS_OF_PATH = {
    "exists", "lexists", "isfile", "isdir", "islink", "ismount", "getsize", "getmtime", "getatime", "getctime",
    "samefile", "sameopenfile", "abspath", "realpath", "expanduser", "expandvars",
}  # fmt: skip
_PURE_OF_SYS = {"maxsize", "maxunicode", "byteorder", "float_info", "int_info", "hash_info", "version_info", "platform"}


def outside_effect(tree: ast.AST) -> str | None:
    """Return what the code uses besides its arguments, such as `files: open`; None when nothing is seen.

    Uses behind `getattr` or inside a library are not seen here. The sandbox and repeated runs find those.
    """
    for node in ast.walk(tree):
        found = _effect(node)
        if found is not None:
            return found
    return None


def _effect(node: ast.AST) -> str | None:
    if isinstance(node, ast.Import):
        return _first(_module_effect(alias.name) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return _module_effect(module) or _first(_name_effect(module, alias.name) for alias in node.names)
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        owner = "os.path" if isinstance(node.value, ast.Attribute) and node.value.attr == "path" else owner
        clock = f"time: {node.attr}" if node.attr in _CLOCK_METHODS else None
        return _name_effect(owner, node.attr) or clock
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _EFFECT_OF_CALL:
        return f"{_EFFECT_OF_CALL[node.func.id]}: {node.func.id}"
    if isinstance(node, ast.Global):
        return f"state of its module: global {', '.join(node.names)}"
    return None


def _first(found: Iterable[str | None]) -> str | None:
    return next((each for each in found if each), None)


def _module_effect(module: str) -> str | None:
    for known in (module, module.partition(".")[0]):
        if known in _EFFECT_OF_MODULE:
            return f"{_EFFECT_OF_MODULE[known]}: {module}"
    return None


def _name_effect(owner: str, name: str) -> str | None:
    if owner == "os" and name not in _PURE_OF_OS:
        return f"files: os.{name}"
    if owner in {"os.path", "posixpath", "ntpath", "genericpath"} and name in _EFFECTS_OF_PATH:
        return f"files: {owner}.{name}"
    if owner == "sys" and name not in _PURE_OF_SYS:
        return f"the interpreter: sys.{name}"
    if owner == "io" and name in {"open", "open_code", "FileIO"}:
        return f"files: io.{name}"
    return None
