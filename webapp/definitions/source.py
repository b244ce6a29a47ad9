"""Text to plain data: YAML (the JSON-like part of it) or JSON, with all doubtful things refused.

Only the scalars of YAML 1.2's core are known, so `no`, `12:30` and `2026-11-22` stay texts. Anchors and aliases are
refused (a kilobyte of them can mean gigabytes), and so are duplicate keys, which would lose something silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from webapp.errors import Invalid, Problem, TooLarge
from webapp.i18n import N_, Message

MOST_BYTES = 2 * 1024 * 1024
MOST_DEPTH = 32
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class _Loader(_Base):
    """Builds dicts, lists, texts, numbers, booleans and nothing else; notes duplicate keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.problems: list[Problem] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                self.problems.append(_at(key_node, N_("A key must be a text.")))
                continue
            if key in found:
                self.problems.append(_at(key_node, N_("The key “{key}” stands here twice.", key=str(key)), "duplicate"))
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def construct_yaml_map(self, node: Any) -> dict[Any, Any]:
        return self.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_yaml_map)
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$")
_SCALARS = (_NULL, _BOOL, _INT, _FLOAT)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))


def read(text: str | bytes) -> Any:
    """The data of a document's text; raises `Invalid` with line numbers, or `TooLarge`."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MOST_BYTES:
        raise TooLarge(N_("The document is larger than {n} MB.", n=MOST_BYTES // 1024 // 1024))
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refused([Problem(f"line {line}", N_("The text is not UTF-8."), "syntax")]) from None
    data = _json(decoded) if decoded.lstrip().startswith("{") else _yaml(decoded)
    check_plain(data)
    return data


def check_plain(data: Any) -> None:
    """Refuse what is not plain data: odd types, control characters, too deep nesting."""
    problems: list[Problem] = []
    waiting: list[tuple[Any, str, int]] = [(data, "", 0)]
    while waiting:
        value, path, depth = waiting.pop()
        if depth > MOST_DEPTH:
            problems.append(Problem(path[:80], N_("The nesting is deeper than {n} levels.", n=MOST_DEPTH), "too_deep"))
        elif isinstance(value, Mapping):
            for key, item in value.items():
                at = f"{path}.{key}".lstrip(".") if isinstance(key, str) else path
                if not isinstance(key, str):
                    problems.append(Problem(f"{path}.{key}".lstrip("."), N_("A key must be a text."), "bad_key"))
                elif _CONTROL.search(key):
                    problems.append(Problem(path or "document", N_("A key contains a control character."), "bad_key"))
                else:
                    waiting.append((item, at, depth + 1))
        elif isinstance(value, list | tuple):
            waiting.extend((item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value))
        elif isinstance(value, str):
            if _CONTROL.search(value):
                problems.append(Problem(path, N_("This text contains a control character."), "bad_text"))
        elif not (value is None or isinstance(value, bool | int | float)):
            problems.append(Problem(path, N_("A text, a number, true or false is expected here."), "type"))
        elif isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            problems.append(Problem(path, N_("A number is expected here."), "type"))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**18:
            problems.append(Problem(path, N_("This number is too large."), "too_large"))
    if problems:
        raise _refused(problems[:100])


def write(data: Any) -> str:
    """YAML that `read` reads back to the same data, keys in their order."""
    text: str = yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110)
    return text


class _Writer(_Dumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def text(self, value: str) -> Any:
        """Quoted where our reader would take the bare text for a number or a truth value (`1e3`)."""
        is_bare = not any(pattern.match(value) for pattern in _SCALARS)
        style = "|" if "\n" in value and not value.startswith((" ", "\n")) else None if is_bare else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Writer.add_representer(str, _Writer.text)
_Writer.add_multi_representer(Mapping, lambda dumper, value: dumper.represent_dict(dict(value)))


def _json(text: str) -> Any:
    problems: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                problems.append(Problem(key[:40], N_("The key “{key}” stands here twice.", key=key[:40]), "duplicate"))
            found[key] = value
        return found

    try:
        data = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        if _looks_like_yaml(text):
            return _yaml(text)
        message = N_("This is not JSON: {reason}.", reason=error.msg)
        raise _refused([Problem(f"line {error.lineno}, column {error.colno}", message, "syntax")]) from None
    except (RecursionError, ValueError):
        raise _refused([Problem("document", N_("The nesting is too deep."), "too_deep")]) from None
    if problems:
        raise _refused(problems)
    return data


def _looks_like_yaml(text: str) -> bool:
    """`{mortise: 1, …}` is YAML in its flow style, not JSON."""
    return bool(re.match(r"\s*\{\s*[a-z_]+\s*:", text))


def _yaml(text: str) -> Any:
    try:
        _scan(text)
        loader = _Loader(text)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "document"
        reason = error.problem or error.context or "?"
        raise _refused([Problem(place, N_("This is not YAML: {reason}.", reason=reason), "syntax")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _refused([Problem("document", N_("This is not YAML: {reason}.", reason=reason), "syntax")]) from None
    if loader.problems:
        raise _refused(loader.problems[:100])
    return data


def _scan(text: str) -> None:
    """Depth and aliases, seen on the stream of events before anything is built from it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent):
            raise _refused([_at(event, N_("Anchors and aliases (& and *) are not taken; write it out."), "alias")])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH:
                message = N_("The nesting is deeper than {n} levels.", n=MOST_DEPTH)
                raise _refused([_at(event, message, "too_deep")])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _at(node: Any, message: Message, code: str = "syntax") -> Problem:
    return Problem(f"line {node.start_mark.line + 1}", message, code)


def _refused(problems: list[Problem]) -> Invalid:
    return Invalid(N_("The document cannot be read."), problems=problems)
