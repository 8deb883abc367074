"""kill -9 at any moment: nothing acknowledged is lost, and nothing half-done is left.

WENYUAN_CRASH_CYCLES sets how often the server is killed (12 here), WENYUAN_CRASH_SEED when and under
which load (9), WENYUAN_HELPER_CYCLES how often its engine or a reader of files is killed (12 here);
bench/README.md has the figures of longer runs. The store stays small and the models are tiny, so
that a cycle takes about as long as it serves.
"""

import contextlib
import os
import random
import signal
import threading
import time
import unittest

from wenyuan_server import ServerInMemory

CYCLES = int(os.environ.get("WENYUAN_CRASH_CYCLES", "12"))
SEED = os.environ.get("WENYUAN_CRASH_SEED", "9")
# After so many cycles every document must become ready and be found; in between jobs are left as
# the kill left them, and only what is ready already must be found.
ALL_READY_EVERY = 10
DOCUMENTS_MAX = 20  # of one client, more or less
READER = "program"  # what wenyuan-extract is called in its sandbox
HELPER_CYCLES = int(os.environ.get("WENYUAN_HELPER_CYCLES", "12"))


class Load(threading.Thread):
    """One client that uploads, deletes and searches until the server dies, and remembers what was
    acknowledged. What was asked for but not acknowledged may be there or not."""

    def __init__(self, client, collection_id, name, kept, unsure):
        super().__init__(daemon=True)
        self.client, self.collection_id, self.label = client, collection_id, name
        self.kept, self.unsure = kept, unsure
        self.source = random.Random(SEED + name)
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
        room = len(self.kept) < DOCUMENTS_MAX
        if choice < (0.5 if room else 0.2) or not self.kept:
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
        with ServerInMemory() as server:
            self.collection_id = server.client().create_collection("Crash")["id"]
            for cycle in range(1, CYCLES + 1):
                loads = [Load(server.quick_client(), self.collection_id, f"{cycle}t{i}", kept[i],
                              unsure[i]) for i in range(3)]
                for load in loads:
                    load.start()
                time.sleep(source.uniform(0.02, 0.6))
                server.kill()
                for load in loads:
                    load.join(30)
                    self.assertEqual(load.wrong, [], f"cycle {cycle}")
                    acknowledged += load.acknowledged
                server.start()
                self.check(server, kept, unsure, cycle)
        self.assertGreater(acknowledged, CYCLES)
        print(f"{CYCLES} kills, {acknowledged} acknowledged changes, 0 lost")

    def check(self, server, kept, unsure, cycle):
        client = server.quick_client()
        result = server.run("verify", "--data", str(server.data))
        self.assertEqual(result.returncode, 0, f"cycle {cycle}: {result.stdout}{result.stderr}")
        if cycle % ALL_READY_EVERY == 0 or cycle == CYCLES:
            client.wait_for([id for words in kept for id in words])
        known = {each["id"]: each for each in client.all_documents(self.collection_id)}
        for words, open_words in zip(kept, unsure):
            for document_id, word in open_words.items():
                if document_id in known:
                    words[document_id] = word  # the delete never happened
            open_words.clear()
            for document_id in words:
                self.assertIn(document_id, known, f"cycle {cycle}: it was acknowledged and is gone")
            states = {known[document_id]["state"] for document_id in words}
            self.assertNotIn("failed", states, f"cycle {cycle}")
            ready = [id for id in words if known[id]["state"] == "ready"]
            for document_id in ready[-3:]:
                hits = client.search(words[document_id], mode="keyword", limit=5)["results"]
                self.assertIn(document_id, [hit["document_id"] for hit in hits], f"cycle {cycle}")


class HelperCrash(unittest.TestCase):
    """The engine and the readers of files die; the server goes on, and ends what they had begun."""

    def test_every_document_gets_ready_all_the_same(self):
        source = random.Random(4)
        with ServerInMemory() as server:
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
