"""Deleted means gone: from every answer at once, from every raw file within a minute, and from
older copies of the database for ever.

WENYUAN_ERASE_DOCUMENTS sets how many documents are deleted (30 here; the figures in bench/README.md
are for 1000).
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

from wenyuan_server import Server

DOCUMENTS = int(os.environ.get("WENYUAN_ERASE_DOCUMENTS", "30"))
KEPT = 5
PROMISED_SECONDS = 60
# Each look through the indexes takes a moment.
VERIFIED = 40


def canary(number):
    return f"zq{number}canary{number * 7919 % 100003}"


def text_of(number):
    return f"The secret word of this document is {canary(number)}. " * 3


def files_with(folder, needles):
    """Which needles are in which raw files."""
    found = []
    for path in pathlib.Path(folder).rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # replaced while we looked
            continue
        found += [(str(path), needle) for needle in needles if needle in content]
    return found


class Searcher(threading.Thread):
    """Asks for words of documents until it is stopped. A search that began after a delete was
    acknowledged must not find that document."""

    def __init__(self, client, words, erased):
        super().__init__(daemon=True)
        self.client, self.words, self.erased = client, words, erased
        self.stopped = threading.Event()
        self.searches, self.wrong = 0, []

    def run(self):
        try:
            while not self.stopped.is_set():
                for document_id, word in self.words:
                    if self.stopped.is_set():
                        return
                    before = set(self.erased)
                    hits = self.client.search(word, mode="keyword", limit=5)["results"]
                    self.searches += 1
                    seen = {hit["document_id"] for hit in hits} & before
                    if seen:
                        self.wrong.append(f"{seen} found after the delete")
        except Exception as error:  # said by the test that waits for it
            self.wrong.append(repr(error))


class Erasure(unittest.TestCase):
    def setUp(self):
        # A server without any model, not even a folder for them, erases as any other.
        self.models = "/nonexistent/models"

    def add_documents(self, client, collection_id):
        added = [client.add_text(collection_id, f"Title {canary(number)}", text_of(number),
                                 external_id=str(number))
                 for number in range(DOCUMENTS + KEPT)]
        ids = [document["id"] for document in added]
        # Every fourth has a superseded version, which goes with it.
        for number in range(0, DOCUMENTS + KEPT, 4):
            client.wait_for([ids[number]])
            client.add_text(collection_id, f"Title {canary(number)}", text_of(number) + " Again.",
                            external_id=str(number))
        for document in client.wait_for(ids):
            self.assertEqual(document["state"], "ready", document.get("error"))
        return ids

    def keys_of(self, copy, ids):
        """The wrapped key of each document and all erasure secrets of it, as raw bytes."""
        secrets = (copy / "keys" / "erasure.secrets").read_bytes()
        with sqlite3.connect(copy / "wenyuan.db") as database:
            wrapped = dict(database.execute("SELECT id, wrapped_key FROM documents"))
            numbers = list(database.execute(
                "SELECT id, key_secret FROM documents UNION SELECT d.id, v.key_secret "
                "FROM document_versions v JOIN documents d ON d.number = v.document"))
        database.close()
        return [wrapped[document_id] for document_id in ids] + [
            secrets[32 * number:32 * number + 32] for document_id, number in numbers
            if document_id in ids]

    def erase_under_search(self, server, ids):
        erased, receipts = {}, []
        words = [(document_id, canary(number)) for number, document_id in enumerate(ids)]
        searchers = [Searcher(server.client(), words[i::3], erased) for i in range(3)]
        for searcher in searchers:
            searcher.start()
        client = server.client()
        for document_id in ids:
            receipts.append(client.must(200, client.delete(f"/v1/documents/{document_id}")))
            erased[document_id] = True
            self.assertEqual(client.get(f"/v1/documents/{document_id}").status, 404)
        for searcher in searchers:
            searcher.stopped.set()
        for searcher in searchers:
            searcher.join(60)
            self.assertEqual(searcher.wrong, [])
        self.assertGreater(sum(searcher.searches for searcher in searchers), 0)
        return receipts, sum(searcher.searches for searcher in searchers)

    def wait_until_swept(self, client, receipts):
        """The server itself says when derived files are clean."""
        begin = time.monotonic()
        for receipt in receipts:
            while True:
                state = client.must(200, client.get(f"/v1/erasures/{receipt['receipt_id']}"))
                self.assertEqual(state["receipt"], receipt["receipt"])
                if state["state"] == "complete":
                    break
                self.assertLess(time.monotonic() - begin, PROMISED_SECONDS)
                time.sleep(0.1)
        return time.monotonic() - begin

    def check_receipts(self, server, receipts):
        step = max(1, len(receipts) // VERIFIED)
        note = server.data.parent / (server.data.name + ".receipt")
        self.addCleanup(note.unlink, missing_ok=True)
        for receipt in receipts[::step]:
            note.write_text(receipt["receipt"])
            result = server.run("verify-erasure", str(note), "--data", str(server.data))
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        changed = receipts[0]["receipt"].replace("versions ", "versions 1")
        note.write_text(changed)
        result = server.run("verify-erasure", str(note), "--data", str(server.data))
        self.assertEqual(result.returncode, 1)
        self.assertIn("not signed by this key", result.stderr)

    def test_nothing_is_left_of_what_was_deleted(self):
        server = Server(models=self.models, arguments=["--requests-per-second", "100000"])
        with server:
            client = server.client()
            collection_id = client.create_collection("Erasure")["id"]
            ids = self.add_documents(client, collection_id)
            doomed = ids[:DOCUMENTS]
            canaries = [canary(number).encode() for number in range(DOCUMENTS)]
            self.assertEqual(files_with(server.data, canaries), [], "plain text on the disk")
            self.old = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-old-"))
            self.addCleanup(shutil.rmtree, self.old, ignore_errors=True)
            server.stop()
            shutil.copytree(server.data, self.old, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("*.sock"))
            server.start()
            client = server.client()
            needles = self.keys_of(self.old, doomed)
            self.assertEqual(len({needle for _, needle in files_with(server.data, needles)}),
                             len(needles), "the keys were not where they are looked for")

            receipts, searches = self.erase_under_search(server, doomed)
            for number, receipt in enumerate(receipts):
                self.assertEqual(receipt["versions"], 1 if number % 4 else 2)
                self.assertGreaterEqual(receipt["chunks"], receipt["versions"])
            seconds = self.wait_until_swept(client, receipts)
            self.assertEqual(files_with(server.data, canaries + needles), [])
            self.check_receipts(server, receipts)
            for number in range(DOCUMENTS, DOCUMENTS + KEPT):
                hits = client.search(canary(number), mode="keyword", limit=1)["results"]
                self.assertEqual(hits[0]["document_id"], ids[number])
            print(f"{DOCUMENTS} documents erased under {searches} searches, raw files clean "
                  f"{seconds:.1f} s after the last")
            self.check_old_copy(server, ids)

    def check_old_copy(self, server, ids):
        """The copy was made before the deletion, and has everything but the erasure secrets."""
        secrets = self.old / "keys" / "erasure.secrets"
        secrets.unlink()
        result = server.run("serve", "--data", str(self.old), "--models", self.models,
                            "--listen", "127.0.0.1:0")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("erasure secrets", result.stderr)
        # With those of now it is a restored backup: what was erased since stays erased.
        shutil.copy(server.data / "keys" / "erasure.secrets", secrets)
        with Server(models=self.models, data=self.old,
                    arguments=["--requests-per-second", "100000"]) as restored:
            client = restored.client()
            for number, document_id in enumerate(ids):
                answer = client.get(f"/v1/documents/{document_id}")
                self.assertEqual(answer.status, 404 if number < DOCUMENTS else 200)
            for number in (0, DOCUMENTS):
                hits = client.search(canary(number), mode="keyword", limit=1)["results"]
                self.assertEqual(len(hits), 0 if number < DOCUMENTS else 1)

    def test_what_could_not_be_looked_through_is_not_said_to_be_gone(self):
        with Server(models=self.models) as server:
            client = server.client()
            collection_id = client.create_collection("Looking")["id"]
            ids = [client.add_text(collection_id, f"Title {number}", text_of(number))["id"]
                   for number in range(2)]
            client.wait_for(ids)
            receipt = client.must(200, client.delete(f"/v1/documents/{ids[0]}"))
            self.wait_until_swept(client, [receipt])
            server.stop()
            result = self.verify(server, receipt["receipt"])
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            refused = self.verify(server, receipt["receipt"], "--index-memory", "/proc")
            self.assertIn("is not in memory", refused.stderr)
            generations = list((server.data / "indexes").glob("*/gen-*"))
            self.assertEqual(len(generations), 1)
            sealed = generations[0].read_bytes()
            for damage in (lambda: generations[0].write_bytes(sealed[:-1]),
                           lambda: shutil.rmtree(generations[0].parent)):
                damage()
                result = self.verify(server, receipt["receipt"])
                self.assertNotEqual(result.returncode, 0)
                self.assertNotIn("nothing of it is left", result.stdout)
                self.assertIn("could not be looked through", result.stderr)

    def verify(self, server, note_text, *more):
        note = server.data.parent / (server.data.name + ".receipt")
        self.addCleanup(note.unlink, missing_ok=True)
        note.write_text(note_text)
        return server.run("verify-erasure", str(note), "--data", str(server.data), *more)

    def test_a_collection_goes_with_a_receipt_that_covers_its_documents(self):
        with Server(models=self.models) as server:
            client = server.client()
            kept = client.create_collection("Stays")["id"]
            gone = client.create_collection("Goes")["id"]
            added = [client.add_text(collection, f"Title {number}", text_of(number))["id"]
                     for number, collection in enumerate([gone, gone, kept])]
            client.wait_for(added)
            receipt = client.must(200, client.delete(f"/v1/collections/{gone}"))
            self.assertEqual(receipt["documents"], 2)
            self.assertEqual(receipt["versions"], 2)
            self.assertEqual(receipt["state"], "sweeping")
            self.assertGreater(receipt["rows"], receipt["chunks"] + receipt["versions"])
            self.assertEqual(receipt["bytes"], sum(len(text_of(n)) for n in range(2)))
            for document_id in added[:2]:
                self.assertIn(f"\ndocument {document_id} rct_", receipt["receipt"])
            self.wait_until_swept(client, [receipt])
            said = client.must(200, client.get(f"/v1/erasures/{receipt['receipt_id']}"))
            self.assertEqual((said["collection_id"], said["document_id"]), (gone, None))
            server.stop()  # so that the other collection's index is on the disk at once
            checked = self.verify(server, receipt["receipt"], "--json")
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertEqual(json.loads(checked.stdout)["documents"], 2)
            # The bytes of one come back as nobody's file: found by the collection's receipt.
            sha256 = hashlib.sha256(text_of(0).encode()).hexdigest()
            back = server.data / "blobs" / sha256[:2] / sha256[2:4] / sha256
            back.write_bytes(b"something")
            found = self.verify(server, receipt["receipt"])
            self.assertEqual(found.returncode, 1)
            self.assertIn(f"{added[0]}: the original {sha256} is there", found.stdout)

    def test_it_is_not_complete_while_something_is_left(self):
        with Server(models=self.models) as server:
            client = server.client()
            collection_id = client.create_collection("Left")["id"]
            ids = [client.add_text(collection_id, f"Title {number}", text_of(number))["id"]
                   for number in range(3)]
            client.wait_for(ids)
            # What stands in the place of the first one's original cannot be removed.
            sha256 = hashlib.sha256(text_of(0).encode()).hexdigest()
            original = server.data / "blobs" / sha256[:2] / sha256[2:4] / sha256
            original.unlink()
            (original / "in the way").mkdir(parents=True)
            first, second = [client.must(200, client.delete(f"/v1/documents/{each}"))
                             for each in ids[:2]]
            self.wait_until_swept(client, [second])
            state = f"/v1/erasures/{first['receipt_id']}"
            self.assertEqual(client.must(200, client.get(state))["state"], "sweeping")
            self.assertIn("store.erasure_outstanding", server.log_tail())
            shutil.rmtree(original)
            self.wait_until_swept(client, [first])
            # An engine that does not answer may remember what it was asked.
            engine, = server.processes("wenyuan-engine")
            before = server.log_tail().count("store.sweep_later")
            os.kill(engine, signal.SIGSTOP)
            try:
                third = client.must(200, client.delete(f"/v1/documents/{ids[2]}"))
                state = f"/v1/erasures/{third['receipt_id']}"
                deadline = time.monotonic() + PROMISED_SECONDS
                while server.log_tail().count("store.sweep_later") == before:
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.1)
                self.assertEqual(client.must(200, client.get(state))["state"], "sweeping")
            finally:
                os.kill(engine, signal.SIGCONT)
            self.wait_until_swept(client, [third])

    def test_the_master_key_of_a_variable_is_not_in_the_process_list(self):
        key = "5e" * 32
        with Server(models=self.models, environment={"WENYUAN_MASTER_KEY_FROM": "env:MASTER",
                                                     "MASTER": key}) as server:
            environment = pathlib.Path(f"/proc/{server.process.pid}/environ").read_bytes()
            self.assertIn(b"MASTER=", environment)
            self.assertNotIn(key.encode(), environment)

    def test_the_master_key_changes_while_serving(self):
        with Server(models=self.models) as server:
            client = server.client()
            collection_id = client.create_collection("Keys")["id"]
            document = client.add_text(collection_id, "A title", "The pump stands in the cellar.")
            client.wait_for([document["id"]])
            key = server.data / "keys" / "master.key"
            before = key.read_text()
            result = server.run("key", "rotate", "--url", f"http://127.0.0.1:{server.port}",
                                "--key", client.key)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertNotEqual(key.read_text(), before)
            self.assertEqual(len(client.search("pump", mode="keyword")["results"]), 1)
            server.stop()
            server.start()
            self.assertEqual(
                len(server.client().search("pump", mode="keyword")["results"]), 1)
            server.stop()
            key.write_text(before)
            result = server.run("serve", "--data", str(server.data), "--models", self.models,
                                "--listen", "127.0.0.1:0")
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("not the master key of this store", result.stderr)


if __name__ == "__main__":
    unittest.main()
