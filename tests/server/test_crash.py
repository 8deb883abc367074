"""kill -9 at any moment: nothing acknowledged is lost, and nothing half-done is left.

WENYUAN_CRASH_CYCLES sets how often the server is killed (12 here), WENYUAN_HELPER_CYCLES how often
its engine or a reader of files is (12 here), WENYUAN_CRASH_SEED when (9 here), so that several
processes can share them; bench/README.md has the figures of longer runs.
"""

import contextlib
import os
import random
import signal
import threading
import time
import unittest

from wenyuan_server import Server

CYCLES = int(os.environ.get("WENYUAN_CRASH_CYCLES", "12"))
READER = "program"  # what wenyuan-extract is called in its sandbox
HELPER_CYCLES = int(os.environ.get("WENYUAN_HELPER_CYCLES", "12"))
SEED = int(os.environ.get("WENYUAN_CRASH_SEED", "9"))


class Load(threading.Thread):
    """One client that uploads, deletes and searches until the server dies, and remembers what was
    acknowledged. What was asked for but not acknowledged may be there or not."""

    def __init__(self, client, collection_id, name, kept, unsure):
        super().__init__(daemon=True)
        self.client, self.collection_id, self.label = client, collection_id, name
        self.kept, self.unsure = kept, unsure
        self.source = random.Random(f"{SEED} {name}")
        self.acknowledged = 0
        self.wrong = []

    def run(self):
        number = 0
        try:
            while True:
                number += 1
                self.step(number)
        except AssertionError as error:
            self.wrong.append(str(error))
        except Exception:  # the server died under us: that is the point
            pass

    def step(self, number):
        choice = self.source.random()
        if choice < 0.5 or not self.kept:
            word = f"word{self.label}x{number}x{self.source.randrange(10**9)}"
            document = self.client.add_text(self.collection_id, word,
                                            f"{word} stands in this document. " * 5)
            self.kept[document["id"]] = word
            self.acknowledged += 1
        elif choice < 0.85:
            document_id = self.source.choice(list(self.kept))
            word = self.kept.pop(document_id)
            self.unsure[document_id] = word
            self.client.must(200, self.client.delete(f"/v1/documents/{document_id}"))
            self.unsure.pop(document_id)
            self.acknowledged += 1
        else:
            self.client.search("stands in this document", limit=5, mode="keyword")


class Crash(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        source = random.Random(SEED)
        kept = [{}, {}, {}]
        unsure = [{}, {}, {}]
        acknowledged = 0
        server = Server(arguments=["--requests-per-second", "100000"])
        try:
            server.start()
            self.collection_id = server.client().create_collection("Crash")["id"]
            for cycle in range(CYCLES):
                loads = [Load(server.client(), self.collection_id, f"{cycle}t{i}", kept[i], unsure[i])
                         for i in range(3)]
                for load in loads:
                    load.start()
                time.sleep(source.uniform(0.05, 1.0))
                server.kill()
                for load in loads:
                    load.join(30)
                    self.assertEqual(load.wrong, [], f"cycle {cycle}")
                    acknowledged += load.acknowledged
                server.start()
                self.check(server, kept, unsure, cycle)
        finally:
            server.__exit__(None, None, None)
        self.assertGreater(acknowledged, CYCLES)
        print(f"{CYCLES} kills, {acknowledged} acknowledged changes, 0 lost")

    def check(self, server, kept, unsure, cycle):
        client = server.client()
        result = server.run("verify", "--data", str(server.data))
        self.assertEqual(result.returncode, 0, f"cycle {cycle}: {result.stdout}{result.stderr}")
        for words, open_words in zip(kept, unsure):
            for document_id, word in list(open_words.items()):
                if client.get(f"/v1/documents/{document_id}").status == 200:
                    words[document_id] = word  # the delete never happened
                open_words.pop(document_id)
            self.check_documents(client, words, cycle)

    def check_documents(self, client, words, cycle):
        # All must be known; a sample must be searchable once it is ready.
        known = {document["id"] for document in client.all_documents(self.collection_id)}
        for document_id in words:
            self.assertIn(document_id, known, f"cycle {cycle}: it was acknowledged and is gone")
        for document_id in list(words)[-3:]:
            document = client.wait_for([document_id])[0]
            self.assertEqual(document["state"], "ready", document.get("error"))
            hits = client.search(words[document_id], mode="keyword", limit=5)["results"]
            self.assertIn(document_id, [hit["document_id"] for hit in hits], f"cycle {cycle}")


class HelperCrash(unittest.TestCase):
    """The engine and the readers of files die; the server goes on, and ends what they had begun."""

    def test_every_document_gets_ready_all_the_same(self):
        source = random.Random(SEED)
        with Server(arguments=["--requests-per-second", "100000"]) as server:
            client = server.client()
            collection_id = client.create_collection("Helpers")["id"]
            words, killed = {}, {"wenyuan-engine": 0, READER: 0}
            for cycle in range(HELPER_CYCLES):
                word = f"word{cycle}x{source.randrange(10**9)}"
                document = client.add_text(collection_id, word,
                                           f"{word} stands in this document. " * 200)
                words[document["id"]] = word
                name = source.choice(list(killed))
                end = time.monotonic() + 1
                while time.monotonic() < end:
                    found = server.processes(name)
                    if found:
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(source.choice(found), signal.SIGKILL)
                            killed[name] += 1
                        break
                client.search("stands", limit=3)
                time.sleep(source.uniform(0, 0.2))
            for document_id in words:
                document = client.wait_for([document_id])[0]
                self.assertEqual(document["state"], "ready", document.get("error"))
            for document_id in list(words)[-5:]:
                hits = client.search(words[document_id], mode="keyword", limit=5)["results"]
                self.assertIn(document_id, [hit["document_id"] for hit in hits])
            result = server.run("verify", "--deep", "--data", str(server.data))
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            print(f"killed: {killed}, {len(words)} documents ready")


if __name__ == "__main__":
    unittest.main()
