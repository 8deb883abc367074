"""What a new user does first: upload files, wait, search, ask; and who may not see any of it."""

import json
import pathlib
import unittest

from wenyuan_server import Client, Server, has_model

DOCUMENTS = pathlib.Path(__file__).parent.parent / "data" / "documents"
SAMPLE = pathlib.Path(__file__).parent.parent.parent / "docs" / "sample"

UPLOADS = [
    ("report.pdf", "application/pdf"),
    ("contract.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("leave.html", "text/html"),
    ("pumps.md", "text/markdown"),
    ("river.txt", "text/plain"),
]


class FirstTenMinutes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.collection = cls.admin.create_collection("First")
        files = [(name, (DOCUMENTS / name).read_bytes(), kind) for name, kind in UPLOADS]
        answer = cls.admin.must(202, cls.admin.upload(cls.collection["id"], files))
        cls.ids = [each["id"] for each in answer["documents"]]
        cls.documents = cls.admin.wait_for(cls.ids)
        sample = [(path.name, path.read_bytes(), "application/octet-stream")
                  for path in sorted(SAMPLE.iterdir())]
        answer = cls.admin.must(202, cls.admin.upload(cls.collection["id"], sample))
        cls.samples = cls.admin.wait_for([each["id"] for each in answer["documents"]])

    def test_every_uploaded_file_becomes_searchable(self):
        for (name, kind), document in zip(UPLOADS, self.documents):
            self.assertEqual(document["state"], "ready", (name, document.get("error")))
            self.assertEqual(document["media_type"], kind, name)
            self.assertGreater(document["chunk_count"], 0, name)
        self.assertGreaterEqual(self.documents[0]["page_count"], 2)
        for document in self.samples:
            self.assertEqual(document["state"], "ready", document)

    def test_the_original_bytes_come_back(self):
        answer = self.admin.get(f"/v1/documents/{self.ids[0]}/content")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body, (DOCUMENTS / "report.pdf").read_bytes())

    def test_search_finds_english_and_chinese(self):
        for mode in ("keyword", "hybrid"):
            found = self.admin.search("replace the diaphragm of the pump", mode=mode)["results"]
            self.assertIn("LT-200", found[0]["title"])
            found = self.admin.search("逾期付款的违约金", mode=mode)["results"]
            self.assertIn("供货合同", found[0]["title"])

    def test_small_sections_in_one_chunk_keep_their_own_headings(self):
        collection = self.admin.create_collection("Terms")["id"]
        text = ("# Terms\n\n## Anode\n\nA sacrificial anode is a metal that corrodes first.\n\n"
                "## Berm\n\nA berm is a level strip of land on the slope of a dike.\n")
        answer = self.admin.must(202, self.admin.upload(
            collection, [("terms.md", text.encode(), "text/markdown")]))
        document, = self.admin.wait_for([each["id"] for each in answer["documents"]])
        self.assertEqual(document["chunk_count"], 1)
        hit, = self.admin.search("strip of land on a dike", collection_ids=[collection])["results"]
        self.assertEqual(hit["location"]["heading_path"], ["Terms", "Berm"])
        answer = self.admin.ask("Which metal corrodes first?", collection_ids=[collection])
        self.assertEqual(answer["citations"][0]["location"]["heading_path"], ["Terms", "Anode"])

    def test_a_hit_says_exactly_where_it_stands(self):
        hit = self.admin.search("daily allowance abroad", limit=1)["results"][0]
        text = self.admin.must(200, self.admin.get(
            f"/v1/documents/{hit['document_id']}/chunks"))["data"]
        chunk = next(each for each in text if each["chunk_id"] == hit["chunk_id"])
        self.assertEqual(chunk["text"], hit["text"])
        self.assertIn("Travel and expense policy of Lanting Instruments",
                      hit["location"]["heading_path"])
        for start, end in hit["highlights"]:
            self.assertRegex(hit["text"][start:end].lower(), "daily|allowance|abroad")

    def check_answer(self, question, gold):
        answer = self.admin.ask(question)
        self.assertTrue(answer["grounded"], answer)
        said = answer["answer"] + " ".join(each["quote"] for each in answer["citations"])
        self.assertIn(gold, said)
        for citation in answer["citations"]:
            self.assertTrue(citation["verified"])
            self.assertIn(f"[{citation['marker']}]", answer["answer"])
            self.check_quote(citation)
        return answer

    def check_quote(self, citation):
        chunks = self.admin.must(200, self.admin.get(
            f"/v1/documents/{citation['document_id']}/chunks"))["data"]
        chunk = next(each for each in chunks if each["chunk_id"] == citation["chunk_id"])
        start = citation["location"]["char_start"] - chunk["location"]["char_start"]
        end = citation["location"]["char_end"] - chunk["location"]["char_start"]
        self.assertEqual(chunk["text"][start:end], citation["quote"])

    def test_answers_quote_their_sources_exactly(self):
        self.check_answer("How often must the diaphragm be replaced?", "8,000 hours")
        self.check_answer("发票收到后多少天内付款？", "三十天")

    def test_a_citation_of_a_pdf_has_its_page_and_boxes(self):
        hit = self.admin.search("report", collection_ids=[self.collection["id"]], limit=50)
        pdf = [each for each in hit["results"] if each["document_id"] == self.ids[0]]
        self.assertTrue(pdf)
        for each in pdf:
            self.assertGreaterEqual(each["location"]["page"], 1)
            for page, x0, y0, x1, y1 in each["location"]["boxes"]:
                self.assertLessEqual(1, page)
                self.assertTrue(0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1, each["location"])

    def test_what_is_not_there_is_refused_honestly(self):
        answer = self.admin.ask("Which football club won the championship of Uruguay in 1987?")
        self.assertFalse(answer["grounded"], answer["answer"])
        self.assertEqual(answer["refusal"]["reason"], "not_in_collections")
        self.assertEqual(answer["citations"], [])

    def test_a_stream_says_the_same_as_a_plain_answer(self):
        question = "At what time is lunch in the canteen? 食堂午餐时间是几点？"
        plain = self.admin.ask(question, seed=7)
        events = self.admin.stream("/v1/ask", {"question": question, "stream": True, "seed": 7})
        kinds = [kind for kind, _ in events]
        self.assertEqual(kinds[0], "passages")
        self.assertEqual(kinds[-1], "done")
        text = "".join(json.loads(data)["text"] for kind, data in events if kind == "delta")
        self.assertEqual(text, plain["answer"])
        citations = [json.loads(data) for kind, data in events if kind == "citation"]
        self.assertEqual([c["quote"] for c in citations], [c["quote"] for c in plain["citations"]])

    def test_somebody_without_rights_sees_none_of_it(self):
        _, other = self.admin.create_user("other")
        self.assertEqual(other.search("diaphragm")["results"], [])
        self.assertEqual(other.must(200, other.get("/v1/collections"))["data"], [])
        answer = other.ask("How often must the diaphragm be replaced?")
        self.assertFalse(answer["grounded"])
        self.assertEqual(answer["passages"], [])
        for path in (f"/v1/documents/{self.ids[0]}", f"/v1/documents/{self.ids[0]}/content",
                     f"/v1/documents/{self.ids[0]}/chunks",
                     f"/v1/collections/{self.collection['id']}",
                     f"/v1/collections/{self.collection['id']}/documents"):
            hidden = other.get(path)
            absent = other.get(path.replace(self.ids[0], "doc_" + "0" * 26)
                               .replace(self.collection["id"], "col_" + "0" * 26))
            self.assertEqual(hidden.status, 404, path)
            strip = lambda answer: {k: v for k, v in answer.json.items() if k != "request_id"}
            self.assertEqual(strip(hidden), strip(absent), path)
        self.assertEqual(other.search_status(self.collection["id"]), 404)
        self.assertEqual(other.delete(f"/v1/documents/{self.ids[0]}").status, 404)

    def test_everything_is_in_the_audit_log(self):
        self.admin.search("diaphragm")
        events = self.admin.must(200, self.admin.get("/v1/audit/events?limit=200"))["data"]
        actions = {event["action"] for event in events}
        for action in ("search", "document.add"):
            self.assertIn(action, actions)
        result = self.server.run("audit", "verify", "--data", str(self.server.data))
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        result = self.server.run("verify", "--data", str(self.server.data))
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)

    def test_the_same_bytes_again_are_recognised(self):
        again = self.admin.must(202, self.admin.upload(self.collection["id"], [
            ("pumps.md", (DOCUMENTS / "pumps.md").read_bytes(), "text/markdown")]))
        self.assertEqual(again["documents"][0]["id"], self.ids[3])

    def test_a_deleted_document_is_gone_at_once(self):
        document = self.admin.add_text(self.collection["id"], "Short-lived",
                                       "The zanzibarian quokka sleeps at noon.")
        self.admin.wait_for([document["id"]])
        self.assertEqual(self.admin.search("zanzibarian quokka")["results"][0]["document_id"],
                         document["id"])
        receipt = self.admin.must(200, self.admin.delete(f"/v1/documents/{document['id']}"))
        self.assertEqual(receipt["document_id"], document["id"])
        hits = self.admin.search("zanzibarian quokka", mode="keyword")["results"]
        self.assertNotIn(document["id"], [hit["document_id"] for hit in hits])
        self.assertEqual(self.admin.get(f"/v1/documents/{document['id']}").status, 404)

    def test_the_openai_routes_answer(self):
        chat = self.admin.must(200, self.admin.post("/v1/chat/completions", {
            "model": "wenyuan",
            "messages": [{"role": "user", "content": "How many units has the pilot series?"}]}))
        self.assertIn("40", chat["choices"][0]["message"]["content"])
        if has_model("multilingual-e5-small"):
            embeddings = self.admin.must(200, self.admin.post("/v1/embeddings", {
                "model": "multilingual-e5-small", "input": ["hello", "你好"]}))
            self.assertEqual(len(embeddings["data"]), 2)


def search_status(self, collection_id):
    return self.post("/v1/search", {"query": "x", "collection_ids": [collection_id]}).status


Client.search_status = search_status

if __name__ == "__main__":
    unittest.main()
