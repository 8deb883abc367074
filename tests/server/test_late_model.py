"""A model that could not be had at first: keyword search only, and then semantic search too."""

import os
import pathlib
import shutil
import tempfile
import time
import unittest

from wenyuan_server import MODELS_DIR, Server, has_model

MODEL = "multilingual-e5-small"
TEXTS = {
    "Travel": "Employees who fly abroad receive seventy euros for each day of the journey.",
    "Pumps": "Close the valve before you replace the diaphragm of the pump.",
    "Leave": "Parents may stay at home for twelve months after a child is born.",
}
# No word of this stands in the document that it means.
QUESTION = "maternity and paternity regulations"


def wait_until(what, condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.2)


@unittest.skipUnless(has_model(MODEL), f"{MODEL} is not installed")
class LateModel(unittest.TestCase):
    def setUp(self):
        self.models = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-models-"))
        self.addCleanup(shutil.rmtree, self.models, True)
        server = Server(models=self.models)
        self.server = server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        self.client = self.server.client()
        collection = self.client.create_collection("Old")["id"]
        self.client.wait_for([self.client.add_text(collection, title, text)["id"]
                              for title, text in TEXTS.items()])
        found = self.client.search(QUESTION)
        self.assertEqual((found["mode"], found["results"]), ("keyword", []))

    def install_model(self):
        # As `wenyuan model pull` does: whole from the first moment.
        for suffix in (".manifest", ".gguf"):
            os.symlink(pathlib.Path(MODELS_DIR, MODEL + suffix), self.models / (MODEL + suffix))

    def is_embedded(self):
        found = self.client.post("/v1/search", {"query": QUESTION, "mode": "semantic"})
        return found.status == 200 and len(found.json["results"]) == len(TEXTS)

    def check(self):
        found = self.client.search(QUESTION, mode="semantic")["results"]
        self.assertEqual(found[0]["title"], "Leave")
        self.assertIn("wenyuan_documents_without_vectors 0",
                      self.client.get("/metrics").body.decode())
        self.server.stop()
        verified = self.server.run("verify", "--data", str(self.server.data))
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_is_taken_up_at_the_next_start(self):
        self.server.stop()
        self.install_model()
        self.server.start()
        self.client = self.server.client()
        wait_until("the old documents got no vectors", self.is_embedded)
        self.check()

    def test_is_taken_up_without_a_restart(self):
        self.install_model()
        wait_until("the old documents got no vectors", self.is_embedded)
        self.check()

    def test_goes_on_after_a_crash(self):
        collection = self.client.create_collection("Many")["id"]
        self.client.wait_for([
            self.client.add_text(collection, f"Hall {number}", f"Pump {number} stands here. " * 90)
            ["id"] for number in range(30)])
        self.server.stop()
        self.install_model()
        for _ in range(3):
            self.server.start()
            time.sleep(0.4)
            self.server.kill()
        self.server.start()
        self.client = self.server.client()
        wait_until("the old documents got no vectors", lambda: (
            "wenyuan_documents_without_vectors 0\n" in self.client.get("/metrics").body.decode()))
        self.check()


if __name__ == "__main__":
    unittest.main()
