"""A local portal that speaks SODA 2 and 3, ArcGIS, CKAN and Carto, and serves files.

    python -m demo.portal --rows 100000 --port 8765 --seed 1

It keeps its tables in memory, can be changed as a publisher would change them, fails on
demand, and records its requests.
"""

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Unpack

import pyarrow as pa
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from demo.portal.arcgis import Layer, LayerOptions, layer_reply
from demo.portal.carto import PATH, Table, sql_reply
from demo.portal.ckan import ACTION, Resource, action_reply
from demo.portal.control import control
from demo.portal.exchange import (
    Asked,
    Record,
    Reply,
    arcgis_problem,
    common_headers,
    problem,
)
from demo.portal.faults import Delivery, Fault, moved, prepare, refused_token
from demo.portal.read_files import read_file
from demo.portal.served_files import FileOptions, FileTable, PlainFile, file_at
from demo.portal.soda import RENDER, SodaDataset, metadata_reply, row_reply, rows_reply
from demo.portal.soda3 import QUERY, statement_reply
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows

__all__ = ["Fault", "Portal", "serve"]

RESOURCE = re.compile(r"/resource/([^/.]+)(?:/([^/]+?))?(?:\.(\w+))?")

VIEW = re.compile(r"/api/views/([^/.]+)(?:\.json)?")


class Portal:
    """Data sets, files and faults behind one address.

    Args:
        seed: Varies the order of rows if a query specifies none.
        clock: Returns the time, with its zone.
        app_tokens: The app tokens that are valid; None takes any.
        gzip_level: How hard to compress for readers that accept gzip.
    """

    def __init__(
        self,
        seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        app_tokens: set[str] | None = None,
        gzip_level: int = 1,
    ):
        self.store = Store(clock)
        self.app_tokens, self.gzip_level = app_tokens, gzip_level
        self.datasets: dict[str, Dataset] = {}
        self.files: dict[str, PlainFile] = {}
        self.requests: list[Record] = []
        self.faults: list[Fault] = []
        self.seed, self._numbers = seed, itertools.count(1)
        self._location = ""

    def add_soda(
        self,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        row_identifier: str | None = None,
        *,
        title: str = "",
        is_legacy: bool = False,
        metadata: dict[str, object] | None = None,
    ) -> SodaDataset:
        """Publish rows by SODA 2 and 3; see `SodaDataset` for the options."""
        dataset = SodaDataset(
            *(self.store, name, rows, columns, row_identifier),
            title=title,
            is_legacy=is_legacy,
            metadata=metadata,
        )
        self.datasets[name] = dataset
        return dataset

    def add_layer(
        self,
        path: str,
        rows: Rows,
        columns: dict[str, str],
        **options: Unpack[LayerOptions],
    ) -> Layer:
        """Publish rows as an ArcGIS layer at `path`; see `Layer` for the options."""
        path = path.rstrip("/")
        layer = Layer(self.store, path, rows, columns, **options)
        self.datasets[path] = layer
        return layer

    def add_ckan(
        self,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        answers_sql: bool = True,
    ) -> Resource:
        """Publish rows as a CKAN resource; see `Resource` for the options."""
        resource = Resource(
            self.store, name, rows, columns, key, answers_sql=answers_sql
        )
        self.datasets[name] = resource
        return resource

    def add_carto(
        self,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        knows_changes: bool = True,
        names_types: bool = True,
    ) -> Table:
        """Publish rows as a table of a Carto account; see `Table` for the options."""
        table = Table(
            *(self.store, name, rows, columns, key),
            knows_changes=knows_changes,
            names_types=names_types,
        )
        self.datasets[name] = table
        return table

    def add_file_as_dataset(
        self,
        name: str,
        path: Path,
        types: dict[str, str] | None = None,
        row_identifier: str | None = None,
    ) -> SodaDataset:
        """Publish a CSV or JSON file at `/resource/{name}`; see `read_file`."""
        rows, columns = read_file(Path(path), types)
        return self.add_soda(name, rows, columns, row_identifier)

    def add_file(
        self, path: str, data: bytes, **options: Unpack[FileOptions]
    ) -> PlainFile:
        """Publish a plain file, or replace it; identical bytes change nothing.

        Options are those of `PlainFile`; the default type is that of its extension.
        """
        old, changed_at = self.files.get(path), self.store.clock()
        if old is not None and old.contents()[0] == data:
            changed_at = old.contents()[1]
        self.files[path] = file_at(path, lambda: (data, changed_at), **options)
        return self.files[path]

    def add_file_table(
        self,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        paths: dict[str, str],
        write: Callable[[pa.Table], bytes],
        file_column: str | None = None,
        **options: Unpack[FileOptions],
    ) -> FileTable:
        """Publish rows as whole files; see `FileTable`, and `add_file` for the options.

        `paths` has the path of each file by name; the single file of a table without a
        `file_column` has the name "".
        """
        table = FileTable(
            self.store, name, rows, columns, key, write=write, file_column=file_column
        )
        self.datasets[name] = table
        for file_name, path in paths.items():
            contents = partial(table.contents, file_name)
            self.files[path] = file_at(path, contents, **options)
        return table

    def fail(self, fault: Fault) -> Fault:
        """Start a fault and return it."""
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """End all faults; a portal that moved is back."""
        self.faults.clear()
        self._location = ""

    def move(self, location: str) -> None:
        """Answer everything with a 302 to the same path on another host."""
        self._location = location

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        started = time.perf_counter()
        request = Request(scope, receive)
        asked = Asked(
            method=request.method,
            path=request.url.path,
            query_string=request.url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.body(),
        )
        if asked.path.startswith("/_portal/"):
            reply = await run_in_threadpool(
                control, asked, self.datasets, self.requests
            )
            await Delivery(reply, [])(receive, send)
            return
        record = Record(asked.method, asked.path, asked.form, asked.headers)
        self.requests.append(record)
        number = next(self._numbers)
        words = " ".join(f"{name}={value}" for name, value in asked.form.items())
        faults = [f for f in self.faults if f.strikes(asked.path, words)]
        reply = await run_in_threadpool(self._reply, asked, faults, number)
        record.status = reply.status
        record.seconds = time.perf_counter() - started
        await Delivery(reply, faults, is_head=asked.method == "HEAD")(receive, send)

    def _reply(self, asked: Asked, faults: list[Fault], number: int) -> Reply:
        reply = prepare(faults, asked)
        if reply is None and self._location:
            reply = moved(self._location, asked)
        if reply is None:
            with self.store.lock:
                reply = self._answer(asked, number)
        kinds = {fault.kind: fault for fault in faults}
        if "announce" in kinds:
            reply.headers |= kinds["announce"].headers
        if "edit" in kinds:
            reply.body = kinds["edit"].edit(reply.body)
        if "cut" in kinds:
            reply.body = reply.body[: kinds["cut"].size]
        if reply.body and "gzip" in asked.headers.get("accept-encoding", ""):
            reply.compress(self.gzip_level)
        if "bad_gzip" in kinds:
            reply.headers["Content-Encoding"] = "gzip"
            reply.body = reply.body[:10] + bytes(b ^ 0xFF for b in reply.body[10:])
        now = format_datetime(self.store.clock().astimezone(UTC), usegmt=True)
        common = {"Date": now, **common_headers(self.seed, number)}
        reply.headers = {**common, **reply.headers}
        return reply

    def _answer(self, asked: Asked, number: int) -> Reply:
        """Route a request that no fault has answered."""
        if asked.path in self.files:
            return self.files[asked.path].reply(asked)
        if "/FeatureServer" in asked.path or "/MapServer" in asked.path:
            layer = self.datasets.get(asked.path.removesuffix("/query").rstrip("/"))
            if not isinstance(layer, Layer):
                return arcgis_problem(400, "Invalid URL", "Invalid URL")
            return layer_reply(layer, asked, self.seed + number)
        if ACTION.fullmatch(asked.path):
            return action_reply(self.datasets, asked)
        if asked.path == PATH:
            return sql_reply(self.datasets, asked, self.store.clock())
        known = self.app_tokens
        if asked.token is not None and known is not None and asked.token not in known:
            return refused_token()
        if match := VIEW.fullmatch(asked.path):
            dataset = self.datasets.get(match[1])
            if not isinstance(dataset, SodaDataset):
                reply = problem(404, "not_found", "Not found", id=match[1])
                reply.headers |= {
                    "X-Error-Code": "not_found",
                    "X-Error-Message": "Not found",
                }
                return reply
            return metadata_reply(dataset)
        if match := RESOURCE.fullmatch(asked.path):
            return self._resource(asked, number, *match.groups())
        if match := QUERY.fullmatch(asked.path):
            name, form, salt = match[1], match[2], self.seed + number
            return statement_reply(self.datasets, asked, name, form, salt)
        return problem(404, "not_found", "Not found")

    def _resource(
        self, asked: Asked, number: int, name: str, row: str | None, form: str | None
    ) -> Reply:
        """Answer a request for rows; the extension or `Accept` gives the format."""
        dataset = self.datasets.get(name)
        if not isinstance(dataset, SodaDataset):
            return problem(404, "dataset.missing", "Not found", id=name)
        accepted = asked.headers.get("accept", "")
        form = form or next((kind for kind in RENDER if kind in accepted), "json")
        if form not in RENDER:
            message = f"No such form: {form}"
            return problem(406, "schema-invalid-for-mime-type", message)
        if row:
            return row_reply(dataset, row, form)
        return rows_reply(dataset, asked, form, self.seed + number)


@contextmanager
def serve(portal: Portal, port: int = 0) -> Iterator[str]:
    """Serve a portal on loopback from a thread until the block ends; yield its URL."""
    server = uvicorn.Server(
        uvicorn.Config(
            portal,
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    # asyncio disables Nagle's algorithm only on a socket with an explicit protocol.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError(f"the portal did not start on port {port}")
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
