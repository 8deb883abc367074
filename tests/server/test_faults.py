"""A disk that is full, nearly full or read-only, a clock that jumps, and files that have changed.

The calls of the running server are made to fail by the library of tests/crash/shim.
"""

import errno
import pathlib
import shutil
import sqlite3
import tempfile
import time
import unittest

import faults
from faults import Faults
from tiny_model import write_cross_encoder
from wenyuan_server import Server

DAY = 86400


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def flip(path, at):
    """One bit of the file becomes another."""
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


class FaultyServer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="wenyuan-test-")
        self.addCleanup(shutil.rmtree, folder, True)
        self.data = pathlib.Path(folder) / "data"
        self.faults = Faults(self.data)
        self.addCleanup(self.faults.__exit__)
        self.server = Server(data=self.data, environment=self.faults.environment,
                             arguments=["--requests-per-second", "100000"])
        self.addCleanup(lambda: self.server.__exit__(None, None, None))
        self.server.start()
        self.client = self.server.client()
        self.collection_id = self.client.create_collection("Faults")["id"]
        self.kept = []
        self.add("river")

    def add(self, word):
        """A document that is acknowledged and searchable."""
        document = self.client.add_text(self.collection_id, word, f"The {word} stands here.")
        self.assertEqual(self.client.wait_for([document["id"]])[0]["state"], "ready")
        self.kept.append((document["id"], word))

    def try_to_add(self, word):
        return self.client.post(f"/v1/collections/{self.collection_id}/documents",
                                {"title": word, "text": f"The {word} stands here."})

    def check(self, deep=True):
        """Everything acknowledged is there and can be found, and all agrees."""
        known = {document["id"] for document in self.client.all_documents(self.collection_id)}
        self.assertEqual(known, {document_id for document_id, _ in self.kept})
        for document_id, word in self.kept:
            hits = self.client.search(word, mode="keyword")["results"]
            self.assertIn(document_id, [hit["document_id"] for hit in hits])
        for command in (["verify"] + ["--deep"] * deep, ["audit", "verify"]):
            result = self.server.run(*command, "--data", str(self.data))
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_clear(self, answer, statuses):
        self.assertIn(answer.status, statuses, answer.body)
        self.assertGreater(len(answer.json["detail"]), 8)


class Disk(FaultyServer):
    def refused_for_a_while(self, error, calls):
        """While it lasts changes are refused clearly; then all goes on, and so does a new start."""
        self.faults.fail(error, calls)
        for attempt in range(3):
            self.assert_clear(self.try_to_add(f"lost{attempt}"), (500, 503))
        self.assertGreater(self.faults.failed(), 0)
        self.assertEqual(self.client.get("/healthz").status, 200)
        # No record of it, no answer.
        self.assert_clear(self.client.post("/v1/search", {"query": "river"}), (500, 503))
        self.faults.heal()
        wait_until("the server takes something in again",
                   lambda: self.client.get("/readyz").status == 200
                   and self.client.post("/v1/search", {"query": "river"}).status == 200)
        self.add("valley")
        self.check()
        self.server.kill()
        self.server.start()
        self.client = self.server.client()
        self.add("mountain")
        self.check()

    def test_a_full_one(self):
        self.refused_for_a_while(
            errno.ENOSPC, faults.NEW_NAMES | faults.WRITE | faults.TRUNCATE | faults.SYNC)

    def test_a_read_only_one(self):
        self.refused_for_a_while(
            errno.EROFS, faults.NEW_NAMES | faults.OPEN_TO_WRITE | faults.WRITE | faults.SYNC
            | faults.TRUNCATE | faults.REMOVE)

    def test_one_that_fails(self):
        self.refused_for_a_while(errno.EIO, faults.WRITE | faults.SYNC)

    def refused_at_the_start(self, error, calls, words):
        self.server.stop()
        self.faults.fail(error, calls)
        with self.assertRaises(AssertionError) as raised:
            self.server.start()
        # Which file is the first that cannot be made is for SQLite to say.
        self.assertRegex(str(raised.exception) + self.server.log_tail(),
                         words + "|wenyuan: database: ")
        self.faults.heal()
        self.server.start()
        self.client = self.server.client()
        self.check()

    def test_a_start_on_a_full_one_says_so(self):
        self.refused_at_the_start(errno.ENOSPC, faults.NEW_NAMES | faults.WRITE | faults.SYNC,
                                  "No space left on device")

    def test_a_start_on_a_read_only_one_says_so(self):
        self.refused_at_the_start(
            errno.EROFS, faults.NEW_NAMES | faults.OPEN_TO_WRITE | faults.WRITE | faults.TRUNCATE
            | faults.REMOVE, "Read-only file system")

    def test_one_that_is_nearly_full_takes_nothing_in(self):
        other = self.client.add_text(self.collection_id, "other", "Something else.")
        self.client.wait_for([other["id"]])
        self.faults.set_disk_free(100 << 20)
        wait_until("the server notices",
                   lambda: not self.client.get("/readyz").json["checks"]["disk"]["ok"])
        self.assertEqual(self.client.get("/readyz").status, 200)
        refused = self.try_to_add("lost")
        self.assert_clear(refused, (507,))
        self.assertIn("nearly full", refused.json["detail"])
        self.assertIn("retry-after", refused.headers)
        self.assertIn("wenyuan_disk_full 1", self.client.get("/metrics").body.decode())
        self.assertTrue(self.client.search("river", mode="keyword")["results"])
        self.assertEqual(self.client.delete(f"/v1/documents/{other['id']}").status, 200)
        self.faults.set_disk_free(None)
        wait_until("the server notices that there is room",
                   lambda: self.client.get("/readyz").json["checks"]["disk"]["ok"])
        self.add("valley")
        self.check()


class ClockJumps(FaultyServer):
    def test_change_nothing_but_what_has_a_date(self):
        key = self.client.must(201, self.client.post("/v1/api-keys", {
            "name": "short", "scopes": ["*"], "expires_in": 3600}))["key"]
        short = self.server.client(key)
        self.assertEqual(short.get("/v1/me").status, 200)
        # A day forward, back to now, a month back, years forward, and now again.
        for step, offset in enumerate((DAY, 0, -30 * DAY, 700 * DAY, 0)):
            self.faults.set_clock(offset)
            self.add(f"word{step}")
            expected = 401 if offset > 3600 else 200
            self.assertEqual(short.get("/v1/me").status, expected, f"{offset} s from now")
            self.assertEqual(self.client.get("/readyz").status, 200)
            self.check(deep=False)
        self.server.stop()
        self.faults.set_clock(-5 * DAY)
        self.server.start()
        self.client = self.server.client()
        self.add("last")
        self.check()


class ChangedFiles(FaultyServer):
    def setUp(self):
        super().setUp()
        for word in ("valley", "mountain", "harbour"):
            self.add(word)
        self.server.stop()

    def restart(self):
        self.server.start()
        self.client = self.server.client()

    def run_on_data(self, *command):
        return self.server.run(*command, "--data", str(self.data))

    def test_of_an_index_are_made_anew(self):
        for share in (0, 0.1, 0.5, 0.9, 1):
            files = [path for path in (self.data / "indexes").rglob("*")
                     if path.is_file() and path.stat().st_size > 0 and path.name != "lock"]
            self.assertGreater(len(files), 0)
            for path in files:
                flip(path, int((path.stat().st_size - 1) * share))
            self.restart()
            self.check(deep=False)
            self.server.stop()
        self.assertIn("index_generation_discarded", self.server.log_tail())

    def test_of_an_original_are_noticed_and_not_given_out(self):
        self.restart()
        document_id = self.kept[0][0]
        document = self.client.get(f"/v1/documents/{document_id}").json
        blob = next((self.data / "blobs").rglob(document["sha256"]))
        flip(blob, 5)
        result = self.run_on_data("verify")
        self.assertEqual(result.returncode, 1)
        self.assertIn(document["sha256"], result.stdout)
        self.server.stop()
        result = self.run_on_data("repair")
        self.assertEqual(result.returncode, 1)
        self.assertIn("LEFT original " + document["sha256"], result.stdout)
        flip(blob, 5)
        self.assertEqual(self.run_on_data("repair").returncode, 0)

    def test_of_an_index_of_the_database_are_noticed_and_repaired(self):
        file = self.data / "wenyuan.db"
        database = sqlite3.connect(file)
        page, = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = "
                                 "'documents_by_sha256'").fetchone()
        size, = database.execute("PRAGMA page_size").fetchone()
        database.close()
        # The last byte of the page is one of an entry: a row's number, or its hash.
        flip(file, page * size - 2)
        result = self.run_on_data("verify")
        self.assertEqual(result.returncode, 1)
        self.assertIn("SQLite", result.stdout)
        result = self.run_on_data("repair")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("SQLite's indexes built anew", result.stdout)
        self.restart()
        self.check()

    def test_of_rows_are_taken_in_again_from_the_originals(self):
        database = sqlite3.connect(self.data / "wenyuan.db")
        database.execute("UPDATE documents SET chunk_count = 7 WHERE number = 1")
        database.execute("UPDATE labels SET document_count = 70")
        database.commit()
        database.close()
        self.assertEqual(self.run_on_data("verify").returncode, 1)
        result = self.run_on_data("repair")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.restart()
        self.client.wait_for([document_id for document_id, _ in self.kept])
        self.check()

    def test_of_the_whole_database_keep_the_server_from_starting(self):
        file = self.data / "wenyuan.db"
        content = bytearray(file.read_bytes())
        for at in range(0, len(content), 1000):
            content[at] ^= 0xFF
        file.write_bytes(content)
        with self.assertRaises(AssertionError) as raised:
            self.restart()
        self.assertIn("database", str(raised.exception))

    def test_of_the_keys_keep_the_server_from_starting_until_they_are_as_before(self):
        for name, words in (("master.key", "master key"), ("erasure.secrets", "erasure secrets")):
            file = self.data / "keys" / name
            content = file.read_bytes()
            file.write_bytes(bytes(reversed(content)))
            with self.assertRaises(AssertionError) as raised:
                self.restart()
            self.assertIn(words, str(raised.exception))
            file.write_bytes(content)
        self.restart()
        self.check()

    def test_repair_waits_for_the_server_to_stop(self):
        self.restart()
        result = self.run_on_data("repair")
        self.assertEqual(result.returncode, 1)
        self.assertIn("stop the server first", result.stderr)
        self.check()


class ChangedModels(unittest.TestCase):
    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-models-"))
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def rank(self, client):
        return client.post("/v1/rerank", {"query": "which pump", "documents": [
            "close the valve of the pump", "a journey of seventy days"]})

    def test_in_use_end_in_clear_errors_until_the_file_is_back(self):
        source, models = self.folder(), self.folder()
        write_cross_encoder(source)
        server = Server(models=models, arguments=("--reranker-model", "tiny"))
        made = server.run("model", "convert", str(source), "--models", str(models), "--name", "tiny")
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        file = models / "tiny.gguf"
        content = file.read_bytes()
        with server:
            client = server.client()
            collection_id = client.create_collection("Models")["id"]
            document = client.add_text(collection_id, "One", "The river stands here.")
            client.wait_for([document["id"]])
            wanted = client.must(200, self.rank(client))
            for change in (bytes(len(content)), content[:len(content) * 3 // 4], content[:4096],
                           content[:40], b""):
                # In place, under whoever has mapped it.
                file.write_bytes(change)
                for _ in range(3):
                    answer = self.rank(client)
                    if answer.status != 200:
                        self.assertIn(answer.status, (404, 415, 500, 503), answer.body)
                        self.assertIn("tiny", answer.json["detail"])
                    self.assertEqual(client.get("/healthz").status, 200)
                    self.assertTrue(client.search("river", mode="keyword")["results"])
            new = models / "tiny.new"
            new.write_bytes(content)
            new.rename(file)
            wait_until("it ranks again", lambda: self.rank(client).status == 200)
            self.assertEqual(client.must(200, self.rank(client))["results"], wanted["results"])

    def test_are_refused_and_the_rest_goes_on(self):
        models = self.folder()
        (models / "short.gguf").write_bytes(b"GGUF" + bytes(range(64)))
        (models / "noise.gguf").write_bytes(bytes(4096))
        with Server(models=models) as server:
            client = server.client()
            collection_id = client.create_collection("Models")["id"]
            document = client.add_text(collection_id, "One", "The river stands here.")
            self.assertEqual(client.wait_for([document["id"]])[0]["state"], "ready")
            self.assertTrue(client.search("river")["results"])
            answer = client.post("/v1/embeddings", {"model": "short", "input": "river"})
            self.assertIn(answer.status, (400, 404, 415, 500, 503))
            self.assertGreater(len(answer.json["error"]["message"]), 8)


if __name__ == "__main__":
    unittest.main()
