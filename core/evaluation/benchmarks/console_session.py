"""Use the console without a browser, by speaking Streamlit's protocol.

Source: the messages of `streamlit.proto` and the server of Streamlit's installed wheel.
"""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileURLs, FileURLsRequest, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from core.domain.errors import EvaluationError
from core.imaging.picture_files import PictureFile

ANSWERS_WITHIN_S = 120
COOKIE = "_streamlit_xsrf"
# The browser sends this when it has no token.
NO_TOKEN = "PLACEHOLDER_AUTH_TOKEN"
LARGEST_MESSAGE = 200 * 2**20


@dataclass
class Page:
    """The elements drawn by the newest run of the page's script that a client needs.

    Attributes:
        uploaders: ids of file uploaders.
        pictures: addresses of pictures.
        errors: sentences of error boxes, and exceptions.
    """

    uploaders: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, element: Element) -> None:
        """Record an element that was drawn."""
        kind = element.WhichOneof("type")
        if kind == "file_uploader":
            self.uploaders.append(element.file_uploader.id)
        elif kind == "imgs":
            self.pictures += [image.url for image in element.imgs.imgs]
        elif kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == Alert.ERROR:
            self.errors.append(element.alert.body)


class ConsoleSession:
    """One open page of a running console.

    Untouched widgets keep their defaults, which the console knows.

    Attributes:
        query: the page's query string, as set by its script.
        page: the elements drawn.

    Example:
        >>> with ExitStack() as stack:                                  # doctest: +SKIP
        ...     session = ConsoleSession("http://127.0.0.1:8501", stack)
        ...     for message in session.rerun(session.upload(picture)):
        ...         print(message.WhichOneof("type"))
    """

    def __init__(self, address: str, stack: ExitStack) -> None:
        """Open the page and wait until it is drawn.

        Args:
            address: URL of the console, with http.
            stack: closes the session.

        Raises:
            EvaluationError: if the console does not answer, or does not draw the page.
        """
        self.query = ""
        self.page = Page()
        self._id = self._script = ""
        self._seen: set[str] = set()
        self._http = stack.enter_context(
            httpx.Client(base_url=address, timeout=ANSWERS_WITHIN_S, headers={"Origin": address})
        )
        self._request("GET", "/_stcore/health")
        self._token: str = self._http.cookies.get(COOKIE) or ""
        self._socket = stack.enter_context(self._connected(address))
        for _message in self.rerun():
            pass

    def upload(self, picture: PictureFile) -> WidgetState:
        """Put a picture into the page's file uploader.

        Returns:
            The uploader's state, for `rerun`.

        Raises:
            EvaluationError: if the page has no uploader, or the console does not take the file.
        """
        if not self.page.uploaders:
            raise EvaluationError("The page of the console has no file uploader.")
        data = picture.read()
        urls = self._upload_urls(picture.filename)
        self._request(
            "PUT",
            urls.upload_url,
            files={"file": (picture.filename, data)},
            headers={"X-Xsrftoken": self._token},
        )
        state = WidgetState(id=self.page.uploaders[0])
        state.file_uploader_state_value.uploaded_file_info.append(
            UploadedFileInfo(
                name=picture.filename, size=len(data), file_id=urls.file_id, file_urls=urls
            )
        )
        return state

    def rerun(self, *changed: WidgetState) -> Generator[ForwardMsg]:
        """Run the page's script, as a browser does when a widget has changed.

        Args:
            changed: states of the touched widgets.

        Yields:
            Each message of the console, up to the one that ends the run.

        Raises:
            EvaluationError: if the connection is lost or nothing comes for two minutes.
        """
        self.ask(*changed)
        while True:
            message = self._receive()
            self._note(message)
            yield message
            if message.WhichOneof("type") == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            ):
                return

    def ask(self, *changed: WidgetState) -> None:
        """Request a run of the page's script, which ends a run in progress.

        Args:
            changed: states of the touched widgets.

        Raises:
            EvaluationError: if the connection is lost.
        """
        state = ClientState(query_string=self.query, page_script_hash=self._script)
        state.widget_states.widgets.extend(changed)
        self._send(BackMsg(rerun_script=state))

    def fetch_pictures(self) -> None:
        """Fetch the page's new pictures, as a browser does.

        Raises:
            EvaluationError: if the console does not deliver one.
        """
        for url in self.page.pictures:
            if url not in self._seen:
                self._request("GET", url)
                self._seen.add(url)

    def _note(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self.page = Page()
            self._id = message.new_session.initialize.session_id
            self._script = message.new_session.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self.page.add(message.delta.new_element)

    def _upload_urls(self, filename: str) -> FileURLs:
        asked = FileURLsRequest(
            request_id=uuid.uuid4().hex, file_names=[filename], session_id=self._id
        )
        self._send(BackMsg(file_urls_request=asked))
        while True:
            message = self._receive()
            self._note(message)
            answer = message.file_urls_response
            if answer.response_id == asked.request_id:
                if answer.error_msg:
                    raise EvaluationError(f"{filename} cannot be uploaded: {answer.error_msg}")
                return answer.file_urls[0]

    def _connected(self, address: str) -> ClientConnection:
        try:
            return connect(
                f"{address.replace('http', 'ws', 1)}/_stcore/stream",
                origin=Origin(address),
                subprotocols=[Subprotocol("streamlit"), Subprotocol(self._token or NO_TOKEN)],
                additional_headers={"Cookie": f"{COOKIE}={self._token}"},
                open_timeout=ANSWERS_WITHIN_S,
                max_size=LARGEST_MESSAGE,
            )
        except (OSError, WebSocketException) as error:
            raise EvaluationError(f"The console at {address} opens no session: {error}") from error

    def _send(self, message: BackMsg) -> None:
        try:
            self._socket.send(message.SerializeToString())
        except (OSError, WebSocketException) as error:
            raise EvaluationError(f"The connection to the console was lost: {error}") from error

    def _receive(self) -> ForwardMsg:
        try:
            data = self._socket.recv(ANSWERS_WITHIN_S, decode=False)
        except TimeoutError as error:
            raise EvaluationError(
                f"The console sent nothing for {ANSWERS_WITHIN_S} s during a run. See its log."
            ) from error
        except (OSError, WebSocketException) as error:
            raise EvaluationError(f"The connection to the console was lost: {error}") from error
        return ForwardMsg.FromString(data)

    def _request(
        self,
        method: str,
        path: str,
        files: dict[str, tuple[str, bytes]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        try:
            answer = self._http.request(method, path, files=files, headers=headers)
        except httpx.HTTPError as error:
            raise EvaluationError(
                f"{method} {path} of the console: {type(error).__name__} {error}"
            ) from error
        if not answer.is_success:
            raise EvaluationError(
                f"{method} {path} of the console: {answer.status_code} {answer.text[:300]}"
            )
