"""Give each browser a name that nobody reads: what is typed there is found again after a reload."""

from __future__ import annotations

import re
import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROWSER_COOKIE = "factory_browser"
BROWSER_NAME = re.compile(r"[\w-]{22}", re.ASCII)
KEPT_S = 400 * 24 * 3600  # the longest that browsers keep a cookie


def new_browser_name() -> str:
    """Make up a name that no other browser has and nobody guesses."""
    return secrets.token_urlsafe(16)


class BrowserCookie:
    """Middleware that sets the cookie with the first page that a browser loads."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or BROWSER_COOKIE in _cookies(scope):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append(
                        "set-cookie",
                        f"{BROWSER_COOKIE}={new_browser_name()}; Path=/; "
                        f"Max-Age={KEPT_S}; HttpOnly; SameSite=Lax",
                    )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _cookies(scope: Scope) -> SimpleCookie:
    return SimpleCookie(Headers(scope=scope).get("cookie", ""))
