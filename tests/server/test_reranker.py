"""A cross-encoder, converted by our own converter, puts passages in its order."""

import pathlib
import shutil
import tempfile
import unittest

from tiny_model import write_cross_encoder
from wenyuan_server import Server

TEXTS = ["close the valve of the pump", "a journey of seventy days", "pump 12"]


class Reranker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-reranker-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        source, models = cls.folder / "source", cls.folder / "models"
        source.mkdir()
        models.mkdir()
        write_cross_encoder(source)
        cls.server = Server(models=models, arguments=("--reranker-model", "tiny"))
        made = cls.server.run("model", "convert", str(source), "--models", str(models), "--name",
                              "tiny")
        assert made.returncode == 0, made.stdout + made.stderr
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.client = cls.server.client()

    def rerank(self, **request):
        return self.client.post("/v1/rerank", {"query": "which pump", "documents": TEXTS,
                                               **request})

    def test_the_best_comes_first(self):
        answer = self.client.must(200, self.rerank())
        self.assertEqual(answer["model"], "tiny")
        scores = [result["relevance_score"] for result in answer["results"]]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertTrue(all(0 < score < 1 for score in scores))
        self.assertEqual(sorted(result["index"] for result in answer["results"]), [0, 1, 2])
        self.assertEqual(len(set(scores)), 3)

    def test_a_score_does_not_depend_on_the_other_documents(self):
        together = self.client.must(200, self.rerank())["results"]
        for result in together:
            alone = self.client.must(200, self.rerank(
                documents=[{"text": TEXTS[result["index"]]}]))["results"]
            self.assertEqual(alone[0]["relevance_score"], result["relevance_score"])

    def test_only_so_many_as_are_asked_for(self):
        whole = self.client.must(200, self.rerank())["results"]
        top = self.client.must(200, self.rerank(top_n=1, return_documents=True))["results"]
        self.assertEqual(top[0].pop("document"), {"text": TEXTS[whole[0]["index"]]})
        self.assertEqual(top, whole[:1])

    def test_bad_requests_are_told_what_is_wrong(self):
        for request in ({"documents": []}, {"documents": "pump"}, {"documents": [1]},
                        {"documents": ["x"] * 1001}, {"query": ""}, {"top_n": 0}):
            self.assertEqual(self.rerank(**request).status, 400, request)
        self.assertEqual(self.rerank(model="nobody").status, 404)

    def test_search_follows_it(self):
        collection = self.client.create_collection("Pumps")["id"]
        self.client.wait_for([self.client.add_text(collection, f"Note {number}", text)["id"]
                              for number, text in enumerate(TEXTS)])
        hits = self.client.search("pump", mode="keyword")["results"]
        scores = [hit["scores"]["rerank"] for hit in hits]
        self.assertEqual(len(scores), 2)
        self.assertEqual(scores, sorted(scores, reverse=True))


if __name__ == "__main__":
    unittest.main()
