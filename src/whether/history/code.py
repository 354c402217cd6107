"""The identity of code of one's own: a hash of what it says, not of how it is spaced.

"module:function" enters an identity as the SHA-256 of the syntax tree of its module and of the local modules that it
imports, transitively; installed packages enter by version, the standard library not at all. Comments, blank lines and
docstrings do not count, and neither does which Python reads them. Files that the code reads are not seen.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from whether.digest import digest
from whether.errors import RequestError, unknown

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def code_digest(name: str) -> str:
    """The identity of "module:function".

    Raises:
        RequestError: when the module or the function cannot be found, does not parse, or lives in no file.
    """
    module, _, function = name.partition(":")
    path = _source(module)
    if path is None:
        raise RequestError(
            f"{name!r}: there is no module {module!r} in the working directory ({Path.cwd()}) or among the installed "
            "packages. Code from a notebook cell cannot be named; put it into a file beside the notebook."
        )
    names = set(_bound(_tree(path)))
    if function not in names and "*" not in names:
        raise unknown(f"name in {path.name}", function, [item for item in names if not item.startswith("_")])
    return digest({"name": name, **_depends(module, path)})


def missing_imports(name: str) -> list[str]:
    """What importing the module of "module:function" would not find, told from its text and nothing being run.

    Looked at are statements that always run, in the module and in the local modules that it imports, and of a name with
    dots the first part. A module that changes where Python looks may be accused wrongly.

    Returns:
        Sentences such as "nets.py, line 3, imports torchvison, which is not installed".
    """
    module = name.partition(":")[0]
    path = _source(module)
    if path is None or _is_installed(path) or module.partition(".")[0] == "whether":
        return []
    base = path.parents[module.count(".") + (path.name == "__init__.py")]
    said: list[str] = []
    waiting, seen = [path, *_local(module, [base])], set[Path]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in _tree(file).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for imported, found in _imports(ast.Module([node], []), file, base):
                    waiting += found
                    if imported and not found and not _is_there(imported.partition(".")[0]):
                        said.append(f"{file.name}, line {node.lineno}, imports {imported}, which is not installed")
    return said


def _is_there(package: str) -> bool:
    """Whether a package can be imported, as far as can be told without importing it."""
    try:
        return package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None
    except ValueError:  # it is imported already, by means of its own
        return True


def _depends(module: str, path: Path) -> dict[str, dict[str, str]]:
    """What a module says and imports: local files by hash, installed packages by version."""
    top = module.partition(".")[0]
    if (top == "whether" or _is_installed(path)) and (version := _version(top)) is not None:
        return {"local": {}, "packages": {top: version}}
    base = path.parents[module.count(".") + (path.name == "__init__.py")]  # what the module is imported from
    local: dict[str, str] = {}
    packages: dict[str, str] = {}
    waiting = [path, *_local(module, [base])]
    while waiting:
        file = waiting.pop()
        name = Path(os.path.relpath(file, base)).as_posix()
        if name in local:
            continue
        tree = _tree(file)
        local[name] = digest(_words(_bare(tree)))
        for imported, found in _imports(tree, file, base):
            waiting += found
            top = imported.partition(".")[0]
            if not found and top not in sys.stdlib_module_names and (version := _version(top)) is not None:
                packages[top] = version
    return {"local": local, "packages": packages}


def own_files(name: str) -> dict[str, Path]:
    """The files of one's own that a question's file, or "module:function", is made of: itself and all that it imports.

    Args:
        name: "module:function", or the path of a Python file.

    Returns:
        Files by their names from the folder that they are imported from; none where the code is an installed package.

    Raises:
        RequestError: when one of them is not Python.
    """
    is_file = name.endswith(".py")
    path = Path(name).expanduser().resolve() if is_file else _source(name.partition(":")[0])
    if path is None or not path.is_file() or _is_installed(path) or Path(__file__).parents[1] in path.parents:
        return {}
    module = path.stem if is_file else name.partition(":")[0]
    base = path.parents[module.count(".") + (path.name == "__init__.py")]
    found: dict[str, Path] = {}
    seen: set[Path] = set()
    waiting = [path, *_local(module, [base])]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        root = next((root for root in (base, Path.cwd().resolve()) if file.is_relative_to(root)), file.parent)
        found.setdefault(file.relative_to(root).as_posix(), file)
        waiting += [item for _, others in _imports(_tree(file), file, base) for item in others]
    return found


def _source(module: str) -> Path | None:
    if module == "__main__":
        return None
    found = _local(module, [Path.cwd()])
    if found:
        return found[-1]
    try:
        spec = importlib.util.find_spec(module)
    except Exception:  # looking for a.b imports a, which may raise whatever it likes
        return None
    return Path(spec.origin).resolve() if spec and spec.origin and spec.origin.endswith(".py") else None


def _local(module: str, roots: Sequence[Path]) -> list[Path]:
    """The files that importing a local module runs: its packages' `__init__.py` and its own; none when not local."""
    parts = module.split(".")
    for root in roots:
        base = root.joinpath(*parts)
        for candidate in (base / "__init__.py", base.parent / f"{base.name}.py"):  # a package goes before a module
            if candidate.is_file() and not _is_installed(candidate):
                packages = [root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts))]
                return [file.resolve() for file in [*packages, candidate] if file.is_file()]
    return []


def _is_installed(path: Path) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(path.parts)


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        said = f", line {error.lineno}: this is not Python: {error.msg}" if isinstance(error, SyntaxError) else ""
        raise RequestError(f"{path.name}{said or f': this is not Python: {error}'}.") from error


def _bound(tree: ast.Module) -> Iterator[str]:
    """The names that a module binds, wherever in its statements; "*" for what cannot be told without running it."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Definition):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, *Definition)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


def _words(tree: ast.AST) -> list[str]:
    """A syntax tree as words, each node with its number of parts, so that different trees never read the same.

    What is empty is left out: Python 3.12 and 3.13 added fields that 3.11 does not have.
    """
    said: list[str] = []
    waiting: list[object] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, ast.AST):
            parts = [
                (name, value) for name, value in ast.iter_fields(item) if value not in (None, []) and name != "kind"
            ]
            said.append(" ".join([type(item).__name__, *(name for name, _ in parts)]))
            waiting += [value for _, value in reversed(parts)]
        elif isinstance(item, list):
            said.append(f"{len(item)} of")
            waiting += reversed(item)
        else:
            said.append(repr(item))
    return said


def _imports(tree: ast.Module, file: Path, base: Path) -> Iterator[tuple[str, list[Path]]]:
    """What a module imports: absolute names, empty for relative ones, and the local files that this runs."""
    roots = list(dict.fromkeys((base, Path.cwd(), file.parent)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, _local(alias.name, roots)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            near = [file.parents[min(node.level, len(file.parents)) - 1]] if node.level else roots
            module = node.module or ""
            yield ("" if node.level else module), _local(module, near) if module else []
            for alias in node.names:  # `from package import module` and `from . import module` may name modules too
                yield "", _local(f"{module}.{alias.name}".removeprefix("."), near)


@lru_cache(maxsize=512)
def _version(package: str) -> str | None:
    if package == "whether":
        return ""  # what Whether computes is versioned operation by operation
    found = sorted(set(_distributions().get(package, [])))  # several share a namespace
    # What follows a "+" says for which device a version was built: the same code, and the profile has it.
    return ", ".join(f"{name}=={metadata.version(name).partition('+')[0]}" for name in found) or None


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in metadata.packages_distributions().items()}
