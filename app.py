"""Composition root: `streamlit run app.py` starts console and REST in one process."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core.domain.errors import InspectionError
from core.infrastructure.browser_cookie import BrowserCookie
from core.interfaces.api import routes
from core.tasks.shared_station import close_shared_station, shared_station
from pages.parts.uploads import accept_uploads


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncGenerator[None]:
    """Hold the records open from the first request to the last."""
    try:
        station = shared_station()
        accept_uploads(station.settings)
        station.warm()
        station.jobs.start()
    except InspectionError as error:
        # The console starts all the same: every page says what is wrong and tries again.
        logging.getLogger(__name__).error("%s", error)
    yield
    close_shared_station()


app = st.App(
    Path(__file__).parent / "pages" / "console.py",
    routes=routes(),
    lifespan=lifespan,
    middleware=[Middleware(BrowserCookie)],
)
