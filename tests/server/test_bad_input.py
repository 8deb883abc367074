"""Bad input gets a clear, typed error; the server stays up and stores nothing of it."""

import io
import pathlib
import struct
import tempfile
import unittest
import zipfile

from wenyuan_server import Client, Server

HOSTILE = pathlib.Path(__file__).parents[3] / "shared" / "data" / "documents" / "files" / "hostile"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PROBLEM = "application/problem+json"


def zip_bomb():
    """A DOCX whose one part grows to a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            block = b" " * (1 << 20)
            for _ in range(1024):
                part.write(block)
    return out.getvalue()


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = tempfile.TemporaryDirectory(prefix="wenyuan-test-models-")
        cls.addClassCleanup(cls.models.cleanup)
        # A GGUF with a good head and a tensor beyond the end: listed as broken, nothing more.
        pathlib.Path(cls.models.name, "wrong.gguf").write_bytes(
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<Q", 1) + b"t" +
            struct.pack("<IQIQ", 1, 1 << 40, 0, 1 << 50))
        pathlib.Path(cls.models.name, "empty.gguf").write_bytes(b"")
        cls.server = Server(models=cls.models.name)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.client = cls.server.client()
        cls.collection = cls.client.create_collection("Bad")["id"]

    def tearDown(self):
        self.assertEqual(self.client.get("/healthz").status, 200)

    def problem(self, answer, status, code):
        self.assertEqual(answer.status, status, answer.body[:500])
        self.assertEqual(answer.headers["content-type"].split(";")[0], PROBLEM)
        for field in ("type", "title", "status", "detail", "code", "request_id"):
            self.assertIn(field, answer.json)
        self.assertEqual(answer.json["code"], code)
        self.assertEqual(answer.json["request_id"], answer.headers["x-request-id"])

    def failed(self, name, content, media_type):
        """Uploads a file that cannot be read; gives the document."""
        answer = self.client.must(202, self.client.upload(
            self.collection, [(name, content, media_type)]))
        return self.client.wait_for([answer["documents"][0]["id"]])[0]

    def test_json_that_is_none(self):
        path = f"/v1/collections/{self.collection}/documents"
        for body in (b"{", b"[1,2", b"\xff\xfe", b'{"title":"\xff","text":"x"}', b"nul",
                     b'{"title":"a","text":"' + b"\x00" * 3 + b'"}', b"[" * 100000):
            self.problem(self.client.post(path, body, content_type="application/json"), 400,
                         "invalid_argument")
        listing = self.client.must(200, self.client.get(path))
        self.assertNotIn("a", [each["title"] for each in listing["data"]])

    def test_json_of_the_wrong_types(self):
        for body in ([], 1, "x", {"query": 5}, {"query": None}, {"query": ""}, {},
                     {"query": "a", "limit": "ten"}, {"query": "a", "limit": 10**9},
                     {"query": "a", "mode": "magic"}, {"query": "a", "collection_ids": "x"},
                     {"query": "a" * 100000}):
            answer = self.client.request("POST", "/v1/search", body if isinstance(body, (dict, list))
                                         else repr(body).replace("'", '"').encode(),
                                         content_type="application/json")
            self.assertIn(answer.status, (400, 413), (body, answer.body[:200]))
            self.assertEqual(answer.headers["content-type"].split(";")[0], PROBLEM)

    def test_no_credential_and_wrong_ones(self):
        for key in (None, "", "x", "wy_" + "a" * 50, "Ω" * 40):
            client = Client(self.server.port, key=None)
            headers = {} if key is None else {"Authorization": ("Bearer " + key).encode("utf-8")}
            self.problem(client.get("/v1/me", headers=headers), 401, "unauthenticated")

    def test_an_upload_over_the_limit(self):
        size = 300 << 20

        def body():
            yield (b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\n'
                   b"Content-Type: text/plain\r\n\r\n")
            for _ in range(size >> 20):
                yield b"x" * (1 << 20)
            yield b"\r\n--b--\r\n"

        try:
            answer = self.client.post(f"/v1/collections/{self.collection}/documents", body(),
                                      content_type="multipart/form-data; boundary=b",
                                      headers={"Content-Length": str(size + 200)})
            self.problem(answer, 413, "too_large")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has hung up on us before we were done, as it may
        listing = self.client.must(200, self.client.get(
            f"/v1/collections/{self.collection}/documents?limit=200"))
        self.assertNotIn("big.txt", [each["title"] for each in listing["data"]])
        blobs = sum(f.stat().st_size for f in self.server.data.rglob("*") if f.is_file())
        self.assertLess(blobs, 100 << 20)

    def test_a_zip_bomb(self):
        document = self.failed("bomb.docx", zip_bomb(), DOCX)
        self.assertEqual(document["state"], "failed")
        self.assertTrue(document["error"])
        self.assertEqual(document["chunk_count"], 0)

    def test_broken_files_fail_with_a_reason(self):
        for name, content, kind in (
                ("cut.pdf", b"%PDF-1.7\n1 0 obj << /Type /Catalog", "application/pdf"),
                ("noise.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 50, "application/pdf"),
                ("noise.docx", b"PK\x03\x04" + b"\x00" * 200, DOCX),
                ("noise.bin", bytes(range(256)) * 100, "application/octet-stream")):
            document = self.failed(name, content, kind)
            self.assertEqual(document["state"], "failed", name)
            self.assertTrue(document["error"], name)

    @unittest.skipUnless(HOSTILE.exists(), "skipped: no hostile files here")
    def test_hostile_files_are_read_or_refused_and_nothing_dies(self):
        files = [path for path in sorted(HOSTILE.rglob("*")) if path.is_file()]
        for path in files:
            document = self.failed(path.name, path.read_bytes(), "application/octet-stream")
            self.assertIn(document["state"], ("ready", "failed"), path.name)
            if document["state"] == "failed":
                self.assertTrue(document["error"], path.name)

    def test_a_wrong_model_file_is_named_and_refused(self):
        result = self.server.run("model", "list", "--models", self.models.name)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("wrong", result.stdout)
        answer = self.client.post("/v1/embeddings", {"model": "wrong", "input": "x"})
        self.assertIn(answer.status, (400, 404, 415, 500, 503))
        self.assertNotEqual(answer.status, 200)

    def test_paths_and_methods_that_do_not_exist(self):
        self.problem(self.client.get("/v1/nothing"), 404, "not_found")
        self.problem(self.client.get("/v1/documents/../../etc/passwd"), 404, "not_found")
        self.problem(self.client.get("/v1/documents/doc_%00"), 400, "invalid_argument")
        self.assertIn(self.client.request("PUT", "/v1/search").status, (404, 405))

    def test_a_policy_that_does_not_check_is_refused_with_its_place(self):
        for text in ("allow", "allow if", "allow if user.a ==", "allow if resource.colour == 1",
                     "permit(principal);",
                     "permit(principal,action,resource) when {" + "(" * 400 + "1" + ")" * 400 + "};",
                     "permit(principal,action,resource) when {" + "!" * 4000 + "true};",
                     "permit(principal,action,resource) when {" + "[" * 4000 + "};", "allow if " + "(" * 500, "x" * 100000):
            answer = self.client.post("/v1/policies", {"name": "bad", "text": text,
                                                       "description": ""})
            self.assertIn(answer.status, (400, 413), text[:40])
        self.assertEqual(self.client.must(200, self.client.get("/v1/policies"))["data"], [])


if __name__ == "__main__":
    unittest.main()
