"""The terminal: what is said there is text, whatever the data, names and arguments in it hold."""

from __future__ import annotations

import io
import os
import re
import sys

#: Characters that a terminal obeys instead of showing, and those that turn the direction of a line around.
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def as_plain(text: str) -> str:
    r"""Return a text in which nothing gives a terminal orders; each such character stands there as its number.

    >>> as_plain("Dinkes\x1b[31m"), as_plain("a\tb\n")
    ('Dinkes<1B>[31m', 'a\tb\n')
    """
    # Windows ends lines in two characters; a lone carriage return would write over what stands there.
    return _ORDERS.sub(lambda found: f"<{ord(found[0]):02X}>", text.replace("\r\n", "\n"))


class _Plain(io.TextIOWrapper):
    """A text stream that writes plain text only."""

    def write(self, text: str) -> int:
        super().write(as_plain(text))
        return len(text)


def guard() -> None:
    """Let everything that this process says on its standard streams be plain text; what they can not write is a `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # somebody has closed it
            # Not in a `with`: it lives as long as the process.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, _Plain):
            plain = _Plain(
                stream.buffer,
                encoding=stream.encoding,
                errors="replace",
                line_buffering=name == "stderr" or stream.isatty(),
                write_through=name == "stderr",
            )
            stream.flush()
            setattr(sys, name, plain)
            _KEPT.append(stream)  # whoever let go of it would close the file below


_KEPT: list[io.TextIOWrapper] = []
