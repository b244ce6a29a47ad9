"""Regular expressions of builders, judged by an engine whose time grows only with the length of the text.

It is the one inside jsonschema-rs (Rust's `regex`): no look-around, no back references, and a limit on the size of
the compiled expression, so no pattern and no text can keep a worker busy.
"""

from __future__ import annotations

import functools
from typing import Any

LONGEST = 200
_SIZE_LIMIT = 1 << 20


@functools.lru_cache(maxsize=500)
def _judge(pattern: str) -> Any:
    import jsonschema_rs

    schema = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return jsonschema_rs.Draft202012Validator(
        schema, pattern_options=jsonschema_rs.RegexOptions(size_limit=_SIZE_LIMIT)
    )


def is_valid(pattern: str) -> bool:
    """Whether `pattern` is an expression of the engine, alone and whole (``a)|(b`` is not)."""
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator(
            {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions(size_limit=_SIZE_LIMIT)
        )
        _judge(pattern)
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return len(pattern) <= LONGEST


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` has the form `pattern`."""
    return bool(_judge(pattern).is_valid(text))
