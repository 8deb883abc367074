"""Starts the real server for tests, and speaks HTTP to it with the standard library alone."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from tiny_model import write_cross_encoder, write_embedder

BIN_DIR = pathlib.Path(os.environ.get("WENYUAN_BIN_DIR", "build/release/bin"))
MODELS_DIR = os.environ.get(
    "WENYUAN_MODELS_DIR", os.path.expanduser("~/.local/share/wenyuan/models"))
ADMIN_KEY = "test-administrator-key-0123456789abcdef"
START_SECONDS = 60
READY_SECONDS = 120


def has_model(name):
    return pathlib.Path(MODELS_DIR, name + ".gguf").exists()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """One user of a server. Opens a connection for each request, so threads may share it."""

    def __init__(self, port, key=ADMIN_KEY, timeout=120, address=None):
        """`address`: from where it comes, for limits that go by it: 127.x.y.z."""
        self.port, self.key, self.timeout = port, key, timeout
        self.source = (address, 0) if address else None

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout,
                                          source_address=self.source)

    def request(self, method, path, body=None, headers=None, content_type=None):
        connection = self.connect()
        try:
            all_headers = {"Authorization": "Bearer " + self.key} if self.key else {}
            if isinstance(body, (dict, list)):
                body = json.dumps(body).encode()
                content_type = content_type or "application/json"
            if content_type:
                all_headers["Content-Type"] = content_type
            all_headers.update(headers or {})
            connection.request(method, path, body=body, headers=all_headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.request("POST", path, body=body, **kwargs)

    def patch(self, path, body=None, **kwargs):
        return self.request("PATCH", path, body=body, **kwargs)

    def delete(self, path, **kwargs):
        return self.request("DELETE", path, **kwargs)

    # --- what tests do all the time; each fails loudly

    def must(self, status, answer):
        statuses = status if isinstance(status, tuple) else (status,)
        assert answer.status in statuses, (
            f"wanted {status}, got {answer.status}: {answer.body[:600]!r}")
        return answer.json if answer.body else None

    def create_collection(self, name, kind="personal", attributes=None):
        return self.must(201, self.post("/v1/collections", {
            "name": name, "kind": kind, "attributes": attributes or {}}))

    def create_user(self, username, attributes=None, roles=None):
        """A new user and a client with a key of theirs."""
        user = self.must(201, self.post("/v1/users", {
            "username": username, "display_name": username, "attributes": attributes or {},
            "roles": roles or []}))
        key = self.must(201, self.post("/v1/api-keys", {
            "name": "test", "scopes": ["*"], "expires_in": 86400, "user_id": user["id"]}))
        return user, type(self)(self.port, key["key"], self.timeout)

    def add_text(self, collection_id, title, text, **more):
        answer = self.must(202, self.post(f"/v1/collections/{collection_id}/documents",
                                          {"title": title, "text": text, **more}))
        return answer["documents"][0]

    def upload(self, collection_id, files, metadata=None):
        """`files`: list of (name, bytes, media type)."""
        boundary = uuid.uuid4().hex
        body = bytearray()
        if metadata is not None:
            body += (f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n'
                     f"Content-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n").encode()
        for name, content, media_type in files:
            body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                     f'filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n').encode()
            body += content + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        return self.post(f"/v1/collections/{collection_id}/documents", bytes(body),
                         content_type=f"multipart/form-data; boundary={boundary}")

    def wait_for(self, document_ids, seconds=READY_SECONDS):
        """Waits until each document is ready or failed; gives the documents."""
        end = time.monotonic() + seconds
        documents = {}
        for document_id in document_ids:
            while True:
                document = self.must(200, self.get(f"/v1/documents/{document_id}"))
                if document["state"] in ("ready", "failed"):
                    documents[document_id] = document
                    break
                assert time.monotonic() < end, f"{document_id} is still {document['state']}"
                time.sleep(0.05)
        return [documents[document_id] for document_id in document_ids]

    def wait_until_erased(self, receipt_id, seconds=60):
        """Until nothing of it is in the files either, which is promised within a minute."""
        end = time.monotonic() + seconds
        while self.must(200, self.get(f"/v1/erasures/{receipt_id}"))["state"] != "complete":
            assert time.monotonic() < end, f"{receipt_id} is not complete"
            time.sleep(0.1)

    def all_documents(self, collection_id):
        documents, cursor = [], ""
        while True:
            page = self.must(200, self.get(
                f"/v1/collections/{collection_id}/documents?limit=200"
                + (f"&cursor={cursor}" if cursor else "")))
            documents += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return documents

    def search(self, query, **more):
        return self.must(200, self.post("/v1/search", {"query": query, **more}))

    def ask(self, question, **more):
        return self.must(200, self.post("/v1/ask", {"question": question, **more}))

    def stream(self, path, body):
        """The events of an SSE answer, as (event, data) pairs."""
        connection = self.connect()
        try:
            connection.request("POST", path, body=json.dumps(body).encode(), headers={
                "Authorization": "Bearer " + self.key, "Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == 200, (response.status, response.read())
            event, events = "message", []
            for raw in response:
                line = raw.decode().rstrip("\r\n")
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    events.append((event, line[5:].strip()))
                elif not line:
                    event = "message"
            return events
        finally:
            connection.close()


class QuickClient(Client):
    """A client that keeps its connection, for tests with very many requests. For one thread."""

    def __init__(self, port, key=ADMIN_KEY, timeout=120):
        self.socket, self.reader = None, None
        super().__init__(port, key, timeout)

    def request(self, method, path, body=None, headers=None, content_type=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            content_type = content_type or "application/json"
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        if self.key:
            lines.append("Authorization: Bearer " + self.key)
        if content_type:
            lines.append("Content-Type: " + content_type)
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body or b'')}")
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")
        for last in (False, True):
            fresh = self.socket is None
            try:
                self.connect()
                self.socket.sendall(message)
                return self.read_answer()
            except (ConnectionError, EOFError):
                # An idle connection may have been closed at the other end; a new one not.
                self.close()
                if fresh or last:
                    raise

    def connect(self):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.reader = self.socket.makefile("rb")

    def read_answer(self):
        first = self.reader.readline()
        if not first:
            raise EOFError("the server has closed the connection")
        answer = Answer.__new__(Answer)
        answer.status, answer.headers = int(first.split(None, 2)[1]), {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            answer.headers[name.lower()] = value.strip()
        if answer.headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(self.reader.readline(), 16):
                pieces.append(self.reader.read(size))
                self.reader.readline()
            self.reader.readline()
            answer.body = b"".join(pieces)
        elif answer.status in (204, 304):
            answer.body = b""
        else:
            answer.body = self.reader.read(int(answer.headers["content-length"]))
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self):
        if self.socket is not None:
            self.reader.close()
            self.socket.close()
            self.socket = None

    def __del__(self):
        self.close()


class Server:
    """The server as a process. `with Server() as server: …` removes its data at the end."""

    def __init__(self, models=MODELS_DIR, data=None, arguments=(), program=None, environment=None):
        self.environment = environment or {}
        self.own_data = data is None
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="wenyuan-test-"))
        self.models, self.arguments = models, list(arguments)
        self.program = program or BIN_DIR / "wenyuan"
        self.process, self.port, self.reserved = None, None, None
        self.log = None

    def start(self, seconds=START_SECONDS):
        self.reserve_port()
        if self.log is None:
            self.log = open(self.data.parent / (self.data.name + ".log"), "ab")
        self.process = subprocess.Popen(
            [str(self.program), "serve", "--data", str(self.data), "--models", str(self.models),
             "--listen", f"127.0.0.1:{self.port}", *self.arguments],
            env={**os.environ, "WENYUAN_ADMIN_KEY": ADMIN_KEY, **self.environment},
            stdout=self.log, stderr=self.log, start_new_session=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n"
                                     + self.log_tail())
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.probe().get("/readyz").status == 200:
                    return self
            time.sleep(0.02)
        raise AssertionError("the server did not become ready:\n" + self.log_tail())

    def reserve_port(self):
        """Held while the server lives, so that no other test's server is taken for this one: whoever
        asks for a port by its number may have it beside us, whoever asks for any does not get it."""
        if self.reserved:
            self.reserved.close()
        self.reserved = socket.socket()
        self.reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.reserved.bind(("127.0.0.1", 0))
        self.port = self.reserved.getsockname()[1]

    def probe(self):
        return Client(self.port, key=None, timeout=5)

    def log_tail(self):
        path = self.data.parent / (self.data.name + ".log")
        return path.read_text(errors="replace")[-4000:]

    def kill(self):
        """As a power cut for the process: SIGKILL, nothing flushed."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the server did not stop:\n" + self.log_tail())

    def run(self, *arguments, timeout=300, check=False):
        """Another command of the same program, in the same environment."""
        return subprocess.run([str(self.program), *arguments], capture_output=True, text=True,
                              timeout=timeout, check=check,
                              env={**os.environ, **self.environment})

    def client(self, key=ADMIN_KEY):
        return Client(self.port, key)

    def quick_client(self, key=ADMIN_KEY):
        return QuickClient(self.port, key)

    def processes(self, name):
        """Process ids of running programs of this name that the server has started, or those
        whom it has started."""
        parents, named = {}, []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                head, rest = (entry / "stat").read_text().rsplit(")", 1)
                state, parent = rest.split()[:2]
                parents[int(entry.name)] = int(parent)
                if state != "Z" and head.split("(", 1)[1] == name[:15]:
                    named.append(int(entry.name))
        def is_ours(process):
            while process in parents and process != self.process.pid:
                process = parents[process]
            return process == self.process.pid
        return [process for process in named if is_ours(process)]

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind, value, trace):
        try:
            if kind is not None:
                print(self.log_tail(), file=sys.stderr)
            self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.kill()
            if self.log:
                self.log.close()
            if self.reserved:
                self.reserved.close()
            if self.own_data:
                shutil.rmtree(self.data, ignore_errors=True)
                pathlib.Path(str(self.data) + ".log").unlink(missing_ok=True)


class ServerInMemory(Server):
    """A server with tiny models of random weights and its data in memory: no time is measured, and
    there is no need to wait for a disk."""

    def __init__(self, arguments=(), memory="/dev/shm"):
        self.folder = pathlib.Path(tempfile.mkdtemp(
            prefix="wenyuan-test-", dir=memory if memory and os.path.isdir(memory) else None))
        models = self.folder / "models"
        models.mkdir()
        super().__init__(models=models, data=self.folder / "data", arguments=(
            "--requests-per-second", "1000000", "--reranker-model", "tiny-reranker", *arguments))

    def __enter__(self):
        try:
            for name, write in (("tiny-embedder", write_embedder),
                                ("tiny-reranker", write_cross_encoder)):
                (self.folder / name).mkdir()
                write(self.folder / name)
                made = self.run("model", "convert", str(self.folder / name), "--models",
                                str(self.models), "--name", name)
                assert made.returncode == 0, made.stdout + made.stderr
            return super().__enter__()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __exit__(self, kind, value, trace):
        try:
            super().__exit__(kind, value, trace)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
