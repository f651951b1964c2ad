"""A Hugging Face hub of one dataset: as much of its HTTP interface as loading takes,
served from a folder.
"""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.ThreadingHTTPServer):
    """Serves the dataset `repository`, whose files are below `folder`; `asked` lists requests."""

    def __init__(self, repository: str, folder: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository, self.folder = repository, folder
        self.asked: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers for the dataset of its hub."""

    server: Hub

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer()

    def answer(self):
        server, path = self.server, unquote(urlparse(self.path).path)
        server.asked.append(f"{self.command} {path}")
        if path == f"/api/datasets/{server.repository}" or path.startswith(
            f"/api/datasets/{server.repository}/revision/"
        ):
            return self.send_json(
                {
                    "id": server.repository,
                    "sha": COMMIT,
                    "private": False,
                    "disabled": False,
                    "downloads": 0,
                    "likes": 0,
                    "tags": [],
                    "siblings": [],
                }
            )
        if path.startswith(f"/api/datasets/{server.repository}/tree/"):
            return self.send_json(
                [*self.entries(server.folder / path.split("/tree/", 1)[1].partition("/")[2])]
            )
        if path.startswith(f"/api/datasets/{server.repository}/paths-info/"):
            names = json.loads(self.asked)["paths"]
            return self.send_json(
                [
                    self.entry(server.folder / name)
                    for name in names
                    if (server.folder / name).exists()
                ]
            )
        if path.startswith(f"/datasets/{server.repository}/resolve/"):
            return self.send_content(
                server.folder / path.split("/resolve/", 1)[1].partition("/")[2]
            )
        return self.send_missing("RepoNotFound")

    def entries(self, folder: Path):
        recursive = "recursive=true" in self.path.lower()
        if folder.is_dir():
            yield from map(self.entry, sorted(folder.rglob("*") if recursive else folder.iterdir()))

    def entry(self, path: Path) -> dict:
        name = path.relative_to(self.server.folder).as_posix()
        kind = "directory" if path.is_dir() else "file"
        return {
            "type": kind,
            "path": name,
            "oid": hashlib.sha1(name.encode()).hexdigest(),
            "size": 0 if path.is_dir() else path.stat().st_size,
        }

    def send_json(self, content) -> None:
        self.send(json.dumps(content).encode(), {"Content-Type": "application/json"})

    def send_content(self, path: Path) -> None:
        if not path.is_file():
            return self.send_missing("EntryNotFound")
        content = path.read_bytes()
        return self.send(
            content,
            {
                "ETag": f'"{hashlib.sha1(content).hexdigest()}"',
                "X-Repo-Commit": COMMIT,
                "Content-Type": "application/octet-stream",
            },
        )

    def send_missing(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def serve(repository: str, folder: Path) -> Iterator[Hub]:
    """Inside the block the dataset can be loaded from http://127.0.0.1:PORT;
    `asked` lists the requests.
    """
    with Hub(repository, folder) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
