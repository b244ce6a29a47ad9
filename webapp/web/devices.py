"""What people call the devices that are signed in: “Chrome on Windows” out of what a browser sends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webapp.i18n import N_, Message

#: The first mark that is found names it; browsers pretend to be each other, so the order counts.
_BROWSERS = (
    ("MicroMessenger", "WeChat"), ("DingTalk", "DingTalk"), ("Lark", "Feishu"), ("Edg", "Edge"), ("OPR", "Opera"),
    ("HuaweiBrowser", "Huawei Browser"), ("MiuiBrowser", "Mi Browser"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("CriOS", "Chrome"), ("Safari", "Safari"), ("curl", "curl"), ("python", "Python"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("Windows", "Windows"),
    ("Macintosh", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
_PHONES = ("iPhone", "HarmonyOS", "Android")


@dataclass(frozen=True)
class Device:
    """A session as it is shown; `key` names it when it is to be ended."""

    key: str
    name: Message
    is_phone: bool
    is_here: bool
    created_at: Any
    seen_at: Any


def shown(rows: Iterable[Any], here: str) -> list[Device]:
    """Sessions (hash, device, created_at, seen_at), that of this browser first."""
    found = [
        Device(r.hash, named(r.device or ""), any(p in (r.device or "") for p in _PHONES), r.hash == here,
               r.created_at, r.seen_at)
        for r in rows
    ]  # fmt: skip
    return sorted(found, key=lambda device: not device.is_here)


def named(agent: str) -> Message:
    browser = next((name for mark, name in _BROWSERS if mark.lower() in agent.lower()), None)
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    if browser and system:
        return N_("{browser} on {system}", browser=browser, system=system)
    return N_("{name}", name=browser or system) if browser or system else N_("Unknown device")
