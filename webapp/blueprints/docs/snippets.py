"""The same request in the words of several tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

TOOLS = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}


def request(
    base: str,
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Tool → text. `base` is the address of the server."""
    url = base + path
    return {
        "curl": _curl(method, url, query or {}, body, headers or {}),
        "python": _python(method, url, query or {}, body, headers or {}),
        "javascript": _javascript(method, url, query or {}, body, headers or {}),
    }


def compact(value: Any) -> str:
    """JSON in one line."""
    return _json(value, None)


def _json(value: Any, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _curl(method: str, url: str, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]) -> str:
    lines = [
        "curl" + (" -G" if query and method == "GET" else f" -X {method}" if method not in ("GET", "POST") else "")
    ]
    lines[0] += f" {_quoted(url)}"
    lines.append('-H "Authorization: Bearer $TOKEN"')
    lines += [f"-H {_quoted(f'{name}: {value}')}" for name, value in headers.items()]
    lines += [f"--data-urlencode {_quoted(f'{key}={value}')}" for key, value in query.items()]
    if body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d {_quoted(_json(body))}"]
    return " \\\n  ".join(lines)


def _quoted(text: str) -> str:
    """For a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _python(method: str, url: str, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]) -> str:
    given = "".join(f", {name!r}: {value!r}" for name, value in headers.items())
    lines = [
        "import os, requests",
        "",
        f"answer = requests.{method.lower()}(",
        f"    {url!r},",
        f'    headers={{"Authorization": f"Bearer {{os.environ[\'TOKEN\']}}"{given}}},',
    ]
    if query:
        lines.append(f"    params={_indented(_python_value(dict(query)))},")
    if body is not None:
        lines.append(f"    json={_indented(_python_value(body))},")
    lines += [")", "answer.raise_for_status()"]
    lines.append("print(answer.json())" if method != "DELETE" else "print(answer.status_code)")
    return "\n".join(lines)


def _python_value(value: Any) -> str:
    text = _json(value)
    return text.replace(": true", ": True").replace(": false", ": False").replace(": null", ": None")


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _javascript(method: str, url: str, query: Mapping[str, Any], body: Any, headers: Mapping[str, str]) -> str:
    address = (
        f"{json.dumps(url)}" if not query else f"{json.dumps(url + '?')} + new URLSearchParams({_json(dict(query))})"
    )
    more = {"Content-Type": "application/json"} if body is not None else {}
    more |= dict(headers)
    names = "".join(f", {json.dumps(name)}: {json.dumps(value)}" for name, value in more.items())
    lines = [f"const answer = await fetch({address}, {{"]
    if method != "GET":
        lines.append(f'  method: "{method}",')
    lines.append(f"  headers: {{ Authorization: `Bearer ${{process.env.TOKEN}}`{names} }},")
    if body is not None:
        lines.append(f"  body: JSON.stringify({_json(body).replace(chr(10), chr(10) + '  ')}),")
    lines += ["});", "if (!answer.ok) throw new Error((await answer.json()).detail);"]
    lines.append("console.log(await answer.json());" if method != "DELETE" else "console.log(answer.status);")
    return "\n".join(lines)


def shown(value: Any) -> str:
    """JSON for reading."""
    return _json(value)


def address(path: str, query: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
