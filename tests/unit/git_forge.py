"""Servers of git repositories on the loopback interface, for tests: https with `git http-backend`, ssh with asyncssh."""

from __future__ import annotations

import base64
import contextlib
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from git_repos import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Forge:
    """An https server of the repositories below a folder.  `users` may log in; without any, everybody may read.

    `status` is answered to every request if it is set; `hold` makes packs wait until it is set; `echo` makes it answer
    with an error that holds what it was sent.
    """

    url: str = ""
    users: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    status: int = 0
    location: str = ""
    echo: bool = False
    hold: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return a certificate for 127.0.0.1 that vouches for itself, and its key."""
    certificate, key = folder / "server.pem", folder / "server.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return certificate, key


@contextlib.contextmanager
def https_forge(root: Path, certificate: Path, key: Path) -> Iterator[Forge]:
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.serve(b"")

        def do_POST(self) -> None:
            self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def serve(self, body: bytes) -> None:
            forge.requests.append(f"{self.command} {self.path}")
            given = self.headers.get("Authorization", "")
            good = {"Basic " + base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in forge.users.items()}
            if forge.status or (good and given not in good):
                self.send_response(forge.status or 401)
                self.send_header("WWW-Authenticate", 'Basic realm="forge"')
                if forge.location:
                    self.send_header("Location", forge.location)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if forge.echo:
                self.repeat(given)
                return
            if forge.hold and b"command=fetch" in body:
                forge.reached.set()
                forge.hold.wait(60)
            self.backend(body)

        def repeat(self, given: str) -> None:
            plain = base64.b64decode(given.removeprefix("Basic ")).decode()
            lines = ["# service=git-upload-pack\n", "", f"ERR {given} {plain} {quote(plain, safe='')}\n"]
            answer = "".join(f"{len(line) + 4:04x}{line}" if line else "0000" for line in lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def backend(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            environment = PLAIN | {
                "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "CONTENT_LENGTH": str(len(body)),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_ADDR": "127.0.0.1",
            }  # fmt: skip
            done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
            head, _, answer = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that was killed is no error here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        forge.url = f"https://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield forge
        finally:
            if forge.hold:
                forge.hold.set()
            server.shutdown()
            thread.join()


_SSH_SERVER = """
import asyncio, sys
import asyncssh

async def run(process):
    words = process.command.split(" ", 1)
    assert words[0] == "git-upload-pack", process.command
    program = await asyncio.create_subprocess_exec(
        "git", "upload-pack", words[1].strip("'"), stdin=-1, stdout=-1, stderr=-1)
    await process.redirect(stdin=program.stdin, stdout=program.stdout, stderr=program.stderr)
    process.exit(await program.wait())

async def main(host_key, allowed):
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=allowed,
                                   process_factory=run, encoding=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()

asyncio.run(main(*sys.argv[1:]))
"""


@contextlib.contextmanager
def ssh_forge(host_key: Path, allowed: Path) -> Iterator[str]:
    """Yield the address (`ssh://git@127.0.0.1:port`) of a server that runs `git upload-pack` for the allowed keys."""
    command = [sys.executable, "-c", _SSH_SERVER, host_key, allowed]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=PLAIN, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"ssh://git@127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()
