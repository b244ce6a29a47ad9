"""`make shots`: pictures of the style guide in every size, language and theme."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.browser.guide import Guide

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.environ.get("MORTISE_SHOTS"), reason="pictures are taken by `make shots`"),
]


@pytest.mark.parametrize("name", ["parts", "grid", "board", "entry", "empty"])
def test_guide(guide: Guide, shots: Callable[..., None], name: str) -> None:
    shots(f"guide-{name}", f"{guide.url}/guide{'' if name == 'parts' else '/' + name}")
