from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.infrastructure.browser_cookie import BROWSER_COOKIE, BROWSER_NAME, BrowserCookie


async def page(_request: object) -> HTMLResponse:
    return HTMLResponse("<p>A page</p>")


async def data(_request: object) -> JSONResponse:
    return JSONResponse({})


def client() -> TestClient:
    routes = [Route("/", page), Route("/data", data)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(BrowserCookie)]))


def test_each_browser_gets_a_name_with_its_first_page_and_keeps_it() -> None:
    ana, ben = client(), client()

    first = ana.get("/")
    assert "HttpOnly" in first.headers["set-cookie"]
    name = ana.cookies[BROWSER_COOKIE]
    assert BROWSER_NAME.fullmatch(name)
    assert "set-cookie" not in ana.get("/").headers
    ben.get("/")
    assert ben.cookies[BROWSER_COOKIE] != name


def test_programs_get_no_cookie() -> None:
    assert "set-cookie" not in client().get("/data").headers
