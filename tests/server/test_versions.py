"""What held at a moment: versions with times, read under the rights of now."""

import pathlib
import shutil
import tempfile
import unittest

from wenyuan_server import Server


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


if __name__ == "__main__":
    unittest.main()
