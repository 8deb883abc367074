"""A collection as one file: out of one server, into another, and never what a stranger made up."""

import io
import json
import os
import pathlib
import shutil
import tarfile
import tempfile
import unittest

from wenyuan_server import Server, has_model


class Pack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-pack-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.first, cls.second = Server(), Server()
        for server in (cls.first, cls.second):
            server.__enter__()
            cls.addClassCleanup(server.__exit__, None, None, None)
        cls.owner_user, cls.owner = cls.first.client().create_user("owner")
        cls.reader_user, cls.reader = cls.first.client().create_user("reader")
        _, cls.stranger = cls.first.client().create_user("stranger")
        collection = cls.owner.create_collection("Pumps")["id"]
        cls.collection = collection
        ids = [cls.owner.add_text(collection, f"Pump {n}", f"Pump number {n} hums quietly.",
                                  external_id=f"pump-{n}",
                                  attributes={"department": "service"})["id"] for n in range(3)]
        cls.owner.wait_for(ids)
        cls.owner.add_text(collection, "Pump 0", "Pump number 0 roars now.", external_id="pump-0")
        cls.owner.wait_for(ids)
        cls.owner.must(201, cls.owner.post("/v1/grants", {
            "principal": cls.reader_user["id"], "role": "reader", "resource": ids[1]}))
        cls.pack = cls.owner.get(f"/v1/collections/{collection}/pack").body

    def target(self, name):
        return self.second.client().create_collection(name)["id"]

    def take(self, collection, pack):
        return self.second.client().post(f"/v1/collections/{collection}/pack", pack,
                                         content_type="application/x-tar")

    def test_everything_arrives(self):
        collection = self.target("Arrived")
        taken = self.second.client().must(200, self.take(collection, self.pack))
        self.assertEqual((taken["documents"], taken["duplicates"]), (3, 0))
        self.assertEqual(taken["vectors_kept"], has_model("multilingual-e5-small"))
        client = self.second.client()
        documents = client.all_documents(collection)
        self.assertEqual({each["state"] for each in documents}, {"ready"})
        self.assertEqual(documents[0]["attributes"], {})
        self.assertEqual(documents[1]["attributes"], {"department": "service"})
        self.assertEqual(documents[0]["version"], 2)
        body = client.get(f"/v1/documents/{documents[0]['id']}/content").body
        self.assertEqual(body, b"Pump number 0 roars now.")
        hits = client.search("roars", collection_ids=[collection], mode="keyword")["results"]
        self.assertEqual([hit["document_id"] for hit in hits], [documents[0]["id"]])
        again = client.must(200, self.take(collection, self.pack))
        self.assertEqual((again["documents"], again["duplicates"]), (3, 3))
        checked = self.second.run("verify", "--data", str(self.second.data))
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_every_tool_opens_it_and_nobody_is_named(self):
        with tarfile.open(fileobj=io.BytesIO(self.pack)) as archive:
            names = archive.getnames()
            self.assertEqual(names[-1], "manifest")
            self.assertEqual(archive.extractfile("documents/0000002/text.txt").read(),
                             b"Pump number 1 hums quietly.")
            self.assertEqual(archive.extractfile("documents/0000001/original-1").read(),
                             b"Pump number 0 hums quietly.")
        for secret in (self.owner_user["id"], self.reader_user["id"], "owner", "reader"):
            self.assertNotIn(secret.encode(), self.pack)

    def test_a_reader_of_one_document_exports_that_one(self):
        pack = self.reader.get(f"/v1/collections/{self.collection}/pack")
        self.assertEqual(pack.status, 200)
        with tarfile.open(fileobj=io.BytesIO(pack.body)) as archive:
            self.assertEqual(len([n for n in archive.getnames() if n.endswith("document.json")]), 1)
        self.assertNotIn(b"number 2", pack.body)

    def test_strangers_neither_see_nor_add(self):
        path = f"/v1/collections/{self.collection}/pack"
        absent = "/v1/collections/col_" + "0" * 26 + "/pack"
        for method, body in (("GET", None), ("POST", self.pack)):
            hidden = self.stranger.request(method, path, body, content_type="application/x-tar")
            gone = self.stranger.request(method, absent, body, content_type="application/x-tar")
            self.assertEqual((hidden.status, gone.status), (404, 404))
        self.assertEqual(self.reader.post(path, self.pack).status, 403)

    def test_what_was_changed_is_refused_and_leaves_nothing(self):
        collection = self.target("Refused")
        text = self.pack.index(b"hums quietly")
        for bad in (self.pack[:text] + b"H" + self.pack[text + 1:], self.pack[:-1024],
                    self.pack[:5000], b"", b"PK\x03\x04" + os.urandom(2000), self.pack + b"\0"):
            answer = self.take(collection, bad)
            self.assertEqual(answer.status, 400, answer.body)
            self.assertEqual(answer.json["code"], "invalid_argument")
        self.assertEqual(self.second.client().all_documents(collection), [])

    def test_archives_that_were_made_to_hurt_are_refused(self):
        collection = self.target("Hurt")
        for change in ({"name": "../../etc/passwd"}, {"name": "/etc/passwd"},
                       {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
                       {"type": tarfile.LNKTYPE, "linkname": "manifest"}, {"size": 7 << 30}):
            member = tarfile.TarInfo("documents/0000001/document.json")
            for name, value in change.items():
                setattr(member, name, value)
            bad = member.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)
            answer = self.take(collection, bad)
            self.assertEqual(answer.status, 400, (change, answer.body))

    def test_from_the_command_line(self):
        collection = self.target("Typed")
        file = self.folder / "pumps.kbpack"
        out = self.first.run("export", str(file), "--collection", self.collection, "--url",
                             f"http://127.0.0.1:{self.first.port}", "--key", self.owner.key)
        self.assertEqual(out.returncode, 0, out.stderr)
        taken = self.second.run("import", str(file), "--collection", collection, "--json", "--url",
                                f"http://127.0.0.1:{self.second.port}",
                                "--key", self.second.client().key)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        self.assertEqual(json.loads(taken.stdout)["documents"], 3)
        events = self.second.client().must(
            200, self.second.client().get("/v1/audit/events?action=collection.import"))["data"]
        self.assertTrue(any(each["object_id"] == collection for each in events))


if __name__ == "__main__":
    unittest.main()
