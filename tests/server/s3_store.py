"""An object store for tests: moto keeps the objects, botocore's own signer checks every signature,
and between them faults are made. Both are installed by tools/fetch_test_store; without them
`available` is false.
"""

import base64
import hashlib
import hmac
import io
import pathlib
import sys
import threading
import time
import urllib.parse
import uuid

PACKAGES = pathlib.Path(__file__).resolve().parents[2] / "build" / "test_python"
available = (PACKAGES / "complete").exists()
if available:
    sys.path.insert(0, str(PACKAGES))
    import logging

    import boto3
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.config import Config
    from botocore.credentials import Credentials
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)

KEY_ID, SECRET = "AKIAWENYUANTEST", "a/secret+with=all/kinds"
REGION = "eu-central-1"
INSPECTOR = "AKIAINSPECTOR"  # the test's own requests, which are let through


def refusal(start, status, code):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
    start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


class Cut(Exception):
    """Ends the connection in the middle."""


class S3Store:
    """Serves on a port of its own; `bad` names every request that was not signed as it must be."""

    def __init__(self, certificate=None):
        # moto's buckets are the process's, and outlive a store.
        self.bucket, self.certificate = f"backups-{uuid.uuid4().hex[:8]}", certificate
        self.bad, self.seen, self.counts = [], [], {}
        self.fault = None  # asked with (method, key, environ): "500", "cut", "change", seconds
        self.lock = threading.Lock()
        self.inner = DomainDispatcherApplication(create_backend_app)
        self.port, self.server, self.thread = 0, None, None
        self.start()
        scheme = "https" if certificate else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self.port}"
        self.client = boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, verify=False,
            aws_access_key_id=INSPECTOR, aws_secret_access_key="x",
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0},
                          request_checksum_calculation="when_required"))
        self.client.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def start(self):
        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, kind, message, *arguments):
                pass

            def connection_dropped(self, error, environ=None):
                pass

            def run_wsgi(self):
                try:
                    super().run_wsgi()
                except Cut:
                    self.close_connection = True

        self.server = make_server("127.0.0.1", self.port, self.answer, threaded=True,
                                  request_handler=Quiet, ssl_context=self.certificate,
                                  passthrough_errors=[Cut])
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()
            self.server = None

    def keys(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    # --- one request

    def answer(self, environ, start):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        environ["wsgi.input"] = io.BytesIO(body)
        if INSPECTOR in environ.get("HTTP_AUTHORIZATION", ""):
            return self.inner(environ, start)
        path = urllib.parse.urlsplit(environ["REQUEST_URI"]).path
        key = urllib.parse.unquote(path).split("/", 2)[2] if path.count("/") > 1 else ""
        method = environ["REQUEST_METHOD"]
        why = self.wrong(environ, body)
        with self.lock:
            self.seen.append((method, key))
            self.counts[method] = self.counts.get(method, 0) + 1
            if why:
                self.bad.append(f"{method} {key}: {why}")
        if why:
            return refusal(start, "403 Forbidden", "SignatureDoesNotMatch")
        fault = self.fault(method, key, environ) if self.fault else None
        if fault == "500":
            return refusal(start, "500 Internal Server Error", "InternalError")
        if fault == "cut":
            raise Cut
        if isinstance(fault, float):
            time.sleep(fault)
        if fault == "change":
            return self.changed(environ, start)
        return self.inner(environ, start)

    def changed(self, environ, start):
        """The answer with one byte of its body changed."""
        body = bytearray(b"".join(self.inner(environ, start)))
        if body:
            body[len(body) // 2] ^= 1
        return [bytes(body)]

    def wrong(self, environ, body):
        """Why the request is not signed as Signature Version 4 asks; empty when it is."""
        scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        parts = dict(each.strip().split("=", 1) for each in rest.split(",") if "=" in each)
        if scheme != "AWS4-HMAC-SHA256" or set(parts) != {
                "Credential", "SignedHeaders", "Signature"}:
            return "no signature"
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items()
                   if name.startswith("HTTP_")}
        signed = parts["SignedHeaders"].split(";")
        if signed != sorted(signed) or any(name not in headers for name in signed):
            return "signed headers"
        if "host" not in signed or any(
                name.startswith("x-amz-") and name not in signed for name in headers):
            return "headers that are not signed"
        digest = hashlib.sha256(body)
        if headers.get("x-amz-content-sha256") != digest.hexdigest():
            return "hash of the body"
        sent = headers.get("x-amz-checksum-sha256")
        if sent and sent != base64.b64encode(digest.digest()).decode():
            return "checksum"
        stamp = headers.get("x-amz-date", "")
        scope = f"{KEY_ID}/{stamp[:8]}/{REGION}/s3/aws4_request"
        now = time.time()
        stamps = {time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now + d)) for d in range(-60, 60)}
        if parts["Credential"] != scope or stamp not in stamps:
            return "scope or time"
        address = urllib.parse.urlsplit(environ["REQUEST_URI"])
        request = AWSRequest(
            method=environ["REQUEST_METHOD"],
            url=f"http://{headers['host']}{address.path}",
            params=dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True)),
            headers={name: headers[name] for name in signed})
        request.context["timestamp"] = stamp
        signer = S3SigV4Auth(Credentials(KEY_ID, SECRET), "s3", REGION)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        good = signer.signature(text, request)
        return "" if hmac.compare_digest(good, parts["Signature"]) else "signature"

    def settings(self, **more):
        """The table [backup_s3] for it; keys come from the environment."""
        values = {"endpoint": self.endpoint, "region": REGION, **more}
        lines = [f'{name} = "{value}"' for name, value in values.items()]
        return "\n[backup_s3]\n" + "\n".join(lines) + "\n"

    environment = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
