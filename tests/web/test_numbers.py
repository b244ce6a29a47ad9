"""Numbers as browsers send them."""

from __future__ import annotations

import pytest

from webapp.web import numbers


@pytest.mark.parametrize("text", [None, "", "abc", "-1", "1.5", " 7", "٣", "²", "1_0", str(2**70), str(10**18)])
def test_what_is_no_number_within_bounds_is_none(text: str | None) -> None:
    assert numbers.of(text) is None


def test_numbers_are_bounded_and_told_once() -> None:
    assert numbers.of("0") == 0 and numbers.of(str(numbers.MOST)) == numbers.MOST < 2**63
    assert numbers.of("99", 99) == 99 and numbers.of("100", 99) is None
    assert numbers.among(["7", "x", "3", "7", str(2**70)]) == [7, 3]
