"""What held at a moment: versions with times, read under the rights of now."""

import pathlib
import shutil
import tempfile
import unittest

from wenyuan_server import Server, ServerInMemory


class AsOf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        models = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-versions-"))
        cls.addClassCleanup(shutil.rmtree, models)
        cls.server = Server(models=models)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.client = cls.server.client()
        collection = cls.client.create_collection("Rules")["id"]
        for text, more in (
                ("The notice period is one month.",
                 {"effective_from": "2020-01-01T00:00:00Z"}),
                ("The notice period is two months.",
                 {"effective_from": "2022-01-01T00:00:00+08:00",
                  "effective_until": "2024-01-01T00:00:00Z"})):
            cls.document = cls.client.add_text(collection, "Notice", text, external_id="notice",
                                               **more)["id"]
            cls.client.wait_for([cls.document])
        cls.path = f"/v1/documents/{cls.document}"

    def content(self, as_of):
        return self.client.get(f"{self.path}/content?as_of={as_of}")

    def test_the_version_that_held_is_given(self):
        for moment, wanted in (("2020-01-01T00:00:00Z", b"The notice period is one month."),
                               ("2021-12-31T15:59:59Z", b"The notice period is one month."),
                               ("2021-12-31T16:00:00Z", b"The notice period is two months."),
                               ("2024-06-01T00:00:00Z", b"The notice period is one month.")):
            answer = self.content(moment)
            self.assertEqual((answer.status, answer.body), (200, wanted), moment)
            held = self.client.must(200, self.client.get(f"{self.path}/versions?as_of={moment}"))
            self.assertEqual(len(held["data"]), 1)
        self.assertEqual(self.client.get(self.path + "/content").body,
                         b"The notice period is two months.")

    def test_what_did_not_hold_is_not_there(self):
        self.assertEqual(self.content("2019-12-31T23:59:59Z").status, 404)
        self.assertEqual(self.content("yesterday").status, 400)

    def test_all_versions_say_when_they_hold(self):
        versions = self.client.must(200, self.client.get(self.path + "/versions"))["data"]
        self.assertEqual([(each["version"], each["effective_from"], each["effective_until"])
                          for each in versions],
                         [(2, "2021-12-31T16:00:00.000Z", "2024-01-01T00:00:00.000Z"),
                          (1, "2020-01-01T00:00:00.000Z", None)])

    def test_the_rights_are_those_of_now(self):
        _, stranger = self.client.create_user("stranger")
        hidden = stranger.get(f"{self.path}/content?as_of=2020-06-01T00:00:00Z")
        absent = stranger.get(f"/v1/documents/doc_{'0' * 26}/content?as_of=2020-06-01T00:00:00Z")
        self.assertEqual((hidden.status, absent.status), (404, 404))

    def test_times_that_make_no_sense_are_refused(self):
        collection = self.client.create_collection("Bad")["id"]
        for more in ({"effective_from": "soon"},
                     {"effective_from": "2022-01-01T00:00:00Z",
                      "effective_until": "2021-01-01T00:00:00Z"}):
            answer = self.client.post(f"/v1/collections/{collection}/documents",
                                      {"title": "x", "text": "x", **more})
            self.assertEqual(answer.status, 400)

    def test_a_request_with_other_times_is_another_request(self):
        path = f"/v1/collections/{self.client.create_collection('Once')['id']}/documents"
        body = {"title": "x", "text": "x", "external_id": "x",
                "effective_from": "2022-01-01T00:00:00Z"}
        once = {"Idempotency-Key": "with-times"}
        first = self.client.must(202, self.client.post(path, body, headers=once))
        self.assertEqual(self.client.must(202, self.client.post(path, body, headers=once)), first)
        for name, time in (("effective_from", "2023-01-01T00:00:00Z"),
                           ("effective_until", "2024-01-01T00:00:00Z")):
            other = self.client.post(path, {**body, name: time}, headers=once)
            self.assertEqual((other.status, other.json["code"]), (409, "conflict"))

    def test_a_pack_carries_the_times(self):
        source, target = (self.client.create_collection(name)["id"] for name in "st")
        given = {"effective_from": "2019-05-01T00:00:00.000Z",
                 "effective_until": "2019-06-01T00:00:00.000Z"}
        document = self.client.add_text(source, "May", "In May.", external_id="may", **given)["id"]
        self.client.wait_for([document])
        pack = self.client.get(f"/v1/collections/{source}/pack").body
        self.client.must(200, self.client.post(f"/v1/collections/{target}/pack", pack,
                                               content_type="application/x-tar"))
        copy = self.client.all_documents(target)[0]["id"]
        version = self.client.must(200, self.client.get(f"/v1/documents/{copy}/versions"))["data"][0]
        self.assertEqual({name: version[name] for name in given}, given)


class SearchAsOf(unittest.TestCase):
    """Searches and questions see what held at a moment, in every mode, by the rights of now."""

    @classmethod
    def setUpClass(cls):
        cls.server = ServerInMemory()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.client = cls.server.client()
        cls.collection = cls.client.create_collection("Rules")["id"]
        cls.document = cls.add_versions("notice", "The notice period is {} month.",
                                        ("one", "2020-01-01T00:00:00Z"),
                                        ("two", "2022-01-01T00:00:00Z"))
        cls.path = f"/v1/documents/{cls.document}"

    @classmethod
    def add_versions(cls, name, text, *versions, wait=True):
        for word, since in versions:
            made = cls.client.add_text(cls.collection, f"{name} {word}", text.format(word),
                                       external_id=name, effective_from=since)
            if wait:
                cls.client.wait_for([made["id"]])
        cls.client.wait_for([made["id"]])
        return made["id"]

    def found(self, query, client=None, **more):
        results = (client or self.client).search(query, **more)["results"]
        return [(each["text"], each["location"]["version"]) for each in results]

    def test_each_mode_finds_the_version_that_held(self):
        for mode in ("keyword", "semantic", "hybrid"):
            more = {"mode": mode, "filter": {"external_id": "notice"}}
            self.assertEqual(self.found("notice period", as_of="2021-06-01T00:00:00Z", **more),
                             [("The notice period is one month.", 1)], mode)
            for moment in ("2022-01-01T00:00:00Z", "2999-01-01T00:00:00+08:00"):
                self.assertEqual(self.found("notice period", as_of=moment, **more),
                                 [("The notice period is two month.", 2)], (mode, moment))
            self.assertEqual(self.found("notice period", **more),
                             [("The notice period is two month.", 2)])
            self.assertEqual(self.found("notice", as_of="2019-12-31T23:59:59Z", **more), [])

    def test_a_hit_opens_as_the_version_that_it_is_of(self):
        hit = self.client.search("notice", as_of="2021-06-01T00:00:00Z",
                                 filter={"external_id": "notice"})["results"][0]
        self.assertEqual(hit["title"], "notice one")
        version = hit["location"]["version"]
        chunks = self.client.must(200, self.client.get(f"{self.path}/chunks?version={version}"))
        self.assertEqual(chunks["data"][0]["text"], hit["text"])
        self.assertEqual(chunks["data"][0]["chunk_id"], hit["chunk_id"])
        self.assertEqual(self.client.get(f"{self.path}/chunks?as_of=2021-06-01T00:00:00Z").json,
                         chunks)
        self.assertEqual(self.client.get(f"{self.path}/content?version={version}").body,
                         b"The notice period is one month.")
        listed = self.client.get(f"{self.path}/versions?version={version}").json["data"]
        self.assertEqual([each["version"] for each in listed], [version])
        for ending in ("/chunks?version=3", "/content?version=3", "/versions?version=3",
                       "/chunks?as_of=2019-01-01T00:00:00Z"):
            self.assertEqual(self.client.get(self.path + ending).status, 404, ending)
        both = self.client.get(f"{self.path}/content?version=1&as_of=2021-06-01T00:00:00Z")
        self.assertEqual(both.status, 400)

    def test_an_answer_quotes_the_version_that_held(self):
        for moment, word, version in (("2021-06-01T00:00:00Z", "one", 1), (None, "two", 2)):
            body = {"as_of": moment} if moment else {}
            answer = self.client.ask("How long is the notice period?", **body)
            citation = answer["citations"][0]
            self.assertEqual((citation["quote"], citation["location"]["version"],
                              citation["verified"]),
                             (f"The notice period is {word} month.", version, True))
        empty = self.client.ask("How long is the notice period?", as_of="2019-01-01T00:00:00Z")
        self.assertEqual((empty["grounded"], empty["passages"]), (False, []))

    def test_versions_that_came_at_once_are_all_found(self):
        self.add_versions("flood", "Sluice gate {} opens first.", ("alpha", "2015-01-01T00:00:00Z"),
                          ("beta", "2016-01-01T00:00:00Z"), ("gamma", "2017-01-01T00:00:00Z"),
                          wait=False)
        versions = {"2015-06-01T00:00:00Z": "alpha", "2016-06-01T00:00:00Z": "beta",
                    "2017-06-01T00:00:00Z": "gamma"}
        waiting = set(versions)
        for _ in range(200):
            waiting = {moment for moment in waiting if self.found(
                "sluice", mode="keyword", as_of=moment) != [
                    (f"Sluice gate {versions[moment]} opens first.",
                     list(versions).index(moment) + 1)]}
            if not waiting:
                break
            self.client.get("/readyz")
        self.assertEqual(waiting, set())
        self.assertEqual(len(self.found("sluice", mode="keyword")), 1)

    def test_times_that_are_none_are_refused(self):
        for path, words in (("/v1/search", "query"), ("/v1/ask", "question")):
            for bad in ("yesterday", "2021-13-01T00:00:00Z", "", 20210101, ["2021-01-01"]):
                answer = self.client.post(path, {words: "notice", "as_of": bad})
                self.assertEqual((answer.status, answer.json["code"]), (400, "invalid_argument"))
                self.assertEqual(answer.json["errors"][0]["pointer"], "/as_of")

    def test_the_rights_are_those_of_now(self):
        user, reader = self.client.create_user("reader")
        self.assertEqual(self.found("notice", reader, as_of="2021-06-01T00:00:00Z"), [])
        grant = self.client.must(201, self.client.post("/v1/grants", {
            "principal": user["id"], "role": "reader", "resource": self.document}))
        self.assertEqual(self.found("notice", reader, as_of="2021-06-01T00:00:00Z"),
                         [("The notice period is one month.", 1)])
        self.client.must(204, self.client.delete(f"/v1/grants/{grant['id']}"))
        self.assertEqual(self.found("notice", reader, as_of="2021-06-01T00:00:00Z"), [])

    def test_what_was_erased_is_gone_from_the_past(self):
        document = self.add_versions("secret", "The secret ingredient is {}.",
                                     ("salt", "2020-01-01T00:00:00Z"),
                                     ("pepper", "2022-01-01T00:00:00Z"))
        more = {"as_of": "2021-01-01T00:00:00Z", "filter": {"external_id": "secret"}}
        self.assertEqual(len(self.found("ingredient", **more)), 1)
        receipt = self.client.must(200, self.client.delete(f"/v1/documents/{document}"))
        self.assertEqual((receipt["versions"], receipt["chunks"]), (2, 2))
        self.assertEqual(self.found("ingredient", **more), [])
        self.client.wait_until_erased(receipt["receipt_id"])
        file = self.server.folder / "receipt"
        file.write_text(receipt["receipt"])
        checked = self.server.run("verify-erasure", str(file), "--data", str(self.server.data))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        deep = self.server.run("verify", "--deep", "--data", str(self.server.data))
        self.assertEqual(deep.returncode, 0, deep.stdout + deep.stderr)


class HowLongTheyStay(unittest.TestCase):
    def setUp(self):
        models = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-versions-"))
        self.addCleanup(shutil.rmtree, models)
        self.server = Server(models=models)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.client = self.server.client()

    def change(self, collection, versions, client=None):
        return (client or self.client).patch(f"/v1/collections/{collection}",
                                             {"versions": versions})

    def test_the_setting_is_kept_and_refused_when_it_makes_no_sense(self):
        made = self.client.create_collection("Kept")
        self.assertEqual(made["versions"], {"kept": None, "days": None})
        changed = self.client.must(200, self.change(made["id"], {"kept": 2, "days": 30}))
        self.assertEqual(changed["versions"], {"kept": 2, "days": 30})
        again = self.client.must(200, self.client.patch(f"/v1/collections/{made['id']}",
                                                        {"name": "Same"}))
        self.assertEqual(again["versions"], {"kept": 2, "days": 30})
        changed = self.client.must(200, self.change(made["id"], {}))
        self.assertEqual(changed["versions"], {"kept": None, "days": None})
        for bad in ({"kept": -1}, {"days": "all"}, {"kept": 1.5}, "none", {"days": 40000}):
            self.assertEqual(self.change(made["id"], bad).status, 400, bad)
        new = self.client.must(201, self.client.post("/v1/collections", {
            "name": "New", "versions": {"kept": 0}}))
        self.assertEqual(new["versions"], {"kept": 0, "days": None})

    def test_whoever_does_not_manage_cannot_change_it(self):
        collection = self.client.create_collection("Managed")["id"]
        user, editor = self.client.create_user("editor")
        hidden = self.change(collection, {"kept": 0}, editor)
        self.assertEqual(hidden.status, 404)
        self.client.must(201, self.client.post("/v1/grants", {
            "principal": user["id"], "role": "editor", "resource": collection}))
        self.assertEqual(self.change(collection, {"kept": 0}, editor).status, 403)

    def test_what_is_past_it_is_erased_and_recorded(self):
        collection = self.client.create_collection("Short")["id"]
        for word, year in (("amber", 2018), ("birch", 2020), ("cedar", 2022)):
            document = self.client.add_text(
                collection, "Tree", f"The tree is {word}.", external_id="tree",
                effective_from=f"{year}-01-01T00:00:00Z")["id"]
            self.client.wait_for([document])
        self.client.must(200, self.change(collection, {"kept": 1}))
        self.server.stop()  # the server looks at its start, and every half minute
        self.server.start()
        path = f"/v1/documents/{document}"
        for _ in range(500):
            versions = self.client_now().get(path + "/versions").json["data"]
            if len(versions) == 2:
                break
        self.assertEqual([each["version"] for each in versions], [3, 2])
        client = self.client_now()
        for moment, words in (("2019-01-01T00:00:00Z", []),
                              ("2021-01-01T00:00:00Z", ["The tree is birch."]),
                              ("2023-01-01T00:00:00Z", ["The tree is cedar."])):
            found = client.search("tree", mode="keyword", as_of=moment)["results"]
            self.assertEqual([each["text"] for each in found], words, moment)
        for ending in ("/content?version=1", "/chunks?version=1",
                       "/content?as_of=2019-01-01T00:00:00Z"):
            self.assertEqual(client.get(path + ending).status, 404, ending)
        events = client.must(200, client.get("/v1/audit/events?action=version.erase"))["data"]
        self.assertEqual([(each["object_id"], each["details"]["version"]) for each in events],
                         [(document, 1)])
        deep = self.server.run("verify", "--deep", "--data", str(self.server.data))
        self.assertEqual(deep.returncode, 0, deep.stdout + deep.stderr)

    def client_now(self):
        return self.server.client()


if __name__ == "__main__":
    unittest.main()
