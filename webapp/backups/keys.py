"""The secret key inside a backup: as it is, or closed by a passphrase.

Closed means: Argon2id makes of passphrase and salt a pad as long as the key, and a second key that authenticates the
result (encrypt, then HMAC). The salt is new each time, so no pad is used twice; what is closed are some 64 bytes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os

from webapp.errors import Invalid
from webapp.i18n import N_

#: Passes, KiB and lanes of Argon2: about a third of a second.
_COST = {"time_cost": 4, "memory_cost": 131072, "parallelism": 1}
_MAC = 32


def _made(passphrase: str, salt: bytes, length: int, cost: dict[str, int]) -> tuple[bytes, bytes]:
    from argon2.low_level import Type, hash_secret_raw

    raw = hash_secret_raw(passphrase.encode(), salt, hash_len=length + _MAC, type=Type.ID, **cost)
    return raw[:length], raw[length:]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def closed(key: str, passphrase: str) -> bytes:
    """What is written into the backup."""
    data, salt = key.encode(), os.urandom(16)
    pad, mac = _made(passphrase, salt, len(data), _COST)
    shut = _xor(data, pad)
    tag = hmac.new(mac, salt + shut, hashlib.sha256).digest()
    parts = {"salt": salt, "key": shut, "tag": tag}
    text = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return json.dumps({"kdf": "argon2id", **_COST, **text}).encode()


def opened(data: bytes, passphrase: str) -> str:
    """The key again; raises `Invalid` if this is not the passphrase."""
    said = json.loads(data)
    salt, shut, tag = (base64.b64decode(said[name]) for name in ("salt", "key", "tag"))
    pad, mac = _made(passphrase, salt, len(shut), {name: said[name] for name in _COST})
    if not hmac.compare_digest(hmac.new(mac, salt + shut, hashlib.sha256).digest(), tag):
        raise Invalid(N_("This is not the passphrase with which the key in the backup was closed."))
    return _xor(shut, pad).decode()
