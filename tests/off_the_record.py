"""Finds functions that write to the database and never come by the log: a call graph read from the source.

A call is followed where a name leads to a function of the application: one of the same module, one that was imported,
one of an imported module, a method of the same class, or what hears of a signal that is sent. Other methods aren't
followed.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

RECORDS = {"record", "record_alone"}
WRITES = {"create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "save", "update", "delete"}
# What these words are called on elsewhere: files, pictures, hashes, dictionaries.
OF_A_QUERY = ("objects", "filter", "exclude", "select_for_update", "_base_manager", "_default_manager")
SQL = ("INSERT INTO", "UPDATE ", "DELETE FROM", "COPY ")


@dataclass
class Function:
    """What one function calls, and whether it writes or records by itself."""

    name: str
    calls: set[str] = field(default_factory=set)
    writes: bool = False
    records: bool = False


class Graph:
    """The functions of some packages under a root, by "package.module.function"."""

    def __init__(self, root: Path, packages: tuple[str, ...]) -> None:
        self.functions: dict[str, Function] = {}
        heard: list[tuple[str, str]] = []
        for file in sorted(path for package in packages for path in (root / package).rglob("*.py")):
            if "migrations" not in file.parts:
                module = ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
                read = Module(module, ast.parse(file.read_text()))
                self.functions |= {found.name: found for found in read.read()}
                heard += read.heard()
        for signal, receiver in heard:
            self.functions.setdefault(f"{signal}.send", Function(f"{signal}.send")).calls.add(receiver)

    def off_the_record(self) -> set[str]:
        """Return the functions that write, by themselves or through others, and don't come by the log."""
        return {name for name in self.functions if self._reaches(name, "writes") and not self._reaches(name, "records")}

    def _reaches(self, start: str, what: str) -> bool:
        seen, waiting = set(), [start]
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self.functions:
                continue
            seen.add(name)
            if getattr(self.functions[name], what):
                return True
            waiting += self.functions[name].calls
        return False


class Module:
    """One module on its way into the graph."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree
        self.imported: dict[str, str] = {}
        self.sql: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self.imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Assign) and _is_sql(node.value):
                self.sql |= {target.id for target in node.targets if isinstance(target, ast.Name)}

    def read(self) -> Iterator[Function]:
        """Yield its functions and methods."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield self._function(node, "")
            elif isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield self._function(part, f"{node.name}.")

    def heard(self) -> Iterator[tuple[str, str]]:
        """Yield each signal with the function that `@receiver(signal)` stands over."""
        for node in (part for part in self.tree.body if isinstance(part, ast.FunctionDef)):
            for over in node.decorator_list:
                match over:
                    case ast.Call(func=ast.Name(id="receiver"), args=[ast.Name(id=signal)]):
                        yield self.imported.get(signal, f"{self.name}.{signal}"), f"{self.name}.{node.name}"

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Function:
        found = Function(f"{self.name}.{owner}{node.name}")
        for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
            if isinstance(call.func, ast.Name):
                self._named(found, call.func.id)
            elif isinstance(call.func, ast.Attribute):
                self._of_something(found, call, call.func, owner)
        return found

    def _named(self, found: Function, name: str) -> None:
        found.records = found.records or name in RECORDS
        found.calls.add(self.imported.get(name, f"{self.name}.{name}"))

    def _of_something(self, found: Function, call: ast.Call, func: ast.Attribute, owner: str) -> None:
        receiver = ast.unparse(func.value)
        if receiver in self.imported:
            found.calls.add(f"{self.imported[receiver]}.{func.attr}")
            found.records = found.records or func.attr in RECORDS
        elif receiver == "self":
            found.calls.add(f"{self.name}.{owner}{func.attr}")
        found.writes = found.writes or self._writes(call, func, receiver)

    def _writes(self, call: ast.Call, func: ast.Attribute, receiver: str) -> bool:
        if func.attr in {"execute", "executemany"}:
            return any(_is_sql(said) or (isinstance(said, ast.Name) and said.id in self.sql) for said in call.args[:1])
        if func.attr in {"save", "delete"} and not call.args:
            return True
        return func.attr in WRITES and any(word in receiver for word in OF_A_QUERY)


def _is_sql(node: ast.AST) -> bool:
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(text.lstrip().startswith(SQL) or "\nINSERT INTO" in text for text in texts)
