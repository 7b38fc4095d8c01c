"""Personal data in a text: identity and telephone numbers, known by their form and made unreadable."""

from __future__ import annotations

import re

#: A national identity number has 16 digits and begins with a province; a mobile number with 08 or +62 8.
NIK = re.compile(r"(?<![\d.,/])(?:1[1-9]|2[1]|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-7])\d{14}(?!\d)")
PHONE = re.compile(r"(?<![\d.,/])(?:\+?62[ -]?|0)8[1-9]\d(?:[ -]?\d{3,4}){2}(?:[ -]?\d{1,4})?(?![\d,/])")


def masked(text: str) -> str:
    """Return a text with identity and telephone numbers made unreadable.

    >>> masked("NIK 6310010101010001, HP 0812-3456-7890")
    'NIK ••••••, HP ••••••'
    """
    return PHONE.sub("••••••", NIK.sub("••••••", text))
