"""The way from a kernel to the browser, without the wait that the network adds to short messages."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Send every message of a kernel at once, as short as it is.

    A move of a slider is answered by a handful of short messages. By default the system holds each of
    them back until the browser has confirmed the one before (Nagle's algorithm, RFC 896), up to 40 ms
    where confirmations are delayed too. Jupyter's servers take this class by their own option
    `kernel_websocket_connection_class`.
    """

    def connect(self) -> Any:
        """Connect as usual, on a socket that holds nothing back."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
