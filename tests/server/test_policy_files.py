"""wenyuan policy: policies as files, tried before they are carried to the server, and back."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from wenyuan_server import BIN_DIR, Server

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "sample-policies"


class PolicyFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.ann, cls.ann_client = cls.admin.create_user("ann", {"department": "hr"})
        cls.collection = cls.admin.create_collection(
            "Handbook", "organization", {"sensitivity": "public"})["id"]
        cls.document = cls.admin.add_text(cls.collection, "Leave", "Parents may stay.")["id"]
        cls.admin.wait_for([cls.document])

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for policy in self.admin.must(200, self.admin.get("/v1/policies"))["data"]:
            self.admin.must(204, self.admin.delete(f"/v1/policies/{policy['id']}"))

    def run_policy(self, *arguments, code=0, online=True):
        command = [str(BIN_DIR.resolve() / "wenyuan"), "policy", *map(str, arguments)]
        if online:
            command += ["--url", f"http://127.0.0.1:{self.server.port}", "--key", self.admin.key]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def reads(self):
        return self.ann_client.get(f"/v1/documents/{self.document}").status == 200

    def test_samples_go_in_and_come_out_the_same(self):
        self.assertIn("all valid", self.run_policy("validate", SAMPLES, online=False))
        said = self.run_policy("import", SAMPLES, "--dry-run")
        self.assertIn("add     public-for-all", said)
        self.assertIn("ann gains read", said)
        self.assertFalse(self.reads())
        self.run_policy("import", SAMPLES)
        self.assertTrue(self.reads())
        self.run_policy("export", self.folder)
        written = {path.name for path in self.folder.iterdir()}
        self.assertEqual(written, {path.name for path in SAMPLES.glob("*.cedar")}
                         | {"policies.json"})
        before = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        said = self.run_policy("import", self.folder, "--dry-run", "--prune")
        self.assertIn(f"{len(written) - 1} unchanged", said)
        self.run_policy("import", self.folder, "--prune")
        self.run_policy("export", self.folder)
        self.assertEqual(before, {path.name: path.read_bytes() for path in self.folder.iterdir()})

    def test_templates_keep_their_links_in_the_file(self):
        (self.folder / "readers.cedar").write_text(
            "permit(principal == ?principal, action, resource);\n")
        (self.folder / "policies.json").write_text(json.dumps({"policies": [
            {"file": "readers.cedar", "name": "Readers / 读者", "description": "who reads",
             "links": [{"principal": {"type": "User", "id": self.ann["id"]}}]}]}))
        self.run_policy("import", self.folder)
        self.assertTrue(self.reads())
        self.run_policy("export", self.folder)
        listed = json.loads((self.folder / "policies.json").read_text("utf-8"))["policies"]
        self.assertEqual(listed[0]["file"], "Readers _ 读者.cedar")
        self.assertEqual(len(listed[0]["links"]), 1)
        self.assertFalse((self.folder / "readers.cedar").exists())
        listed[0]["links"] = []
        (self.folder / "policies.json").write_text(json.dumps({"policies": listed}))
        self.assertIn("ann loses read", self.run_policy("import", self.folder, "--dry-run"))
        self.assertTrue(self.reads())
        self.run_policy("import", self.folder)
        self.assertFalse(self.reads())

    def test_what_is_wrong_is_said_with_file_and_place_and_nothing_is_done(self):
        (self.folder / "good.rule").write_text("allow if true\n")
        (self.folder / "bad.cedar").write_text("permit(principal, action,\n  resource) when\n")
        for arguments, online in ((("validate", self.folder), False),
                                  (("import", self.folder), True)):
            said = self.run_policy(*arguments, code=1 if not online else 2, online=online)
            self.assertRegex(said, r"bad\.cedar: .*line \d, column \d")
        self.assertFalse(self.reads())
        schema = self.folder / "schema"
        schema.write_text(self.run_policy("schema"))
        (self.folder / "bad.cedar").write_text(
            "permit(principal, action, resource) when { principal.shoe == 1 };\n")
        self.assertRegex(self.run_policy("validate", self.folder, "--schema", schema, code=1,
                                         online=False), r"bad\.cedar: .*shoe")

    def test_an_import_applies_to_what_was_looked_at(self):
        body = {"policies": [{"name": "a", "text": "allow if true"}]}
        tried = self.admin.post("/v1/policies/import?dry_run=true", body)
        etag = tried.headers["etag"]
        self.assertEqual(self.admin.must(200, tried)["access"]["read"]["users_affected"], 1)
        self.assertEqual(self.admin.get("/v1/policies/export").headers["etag"], etag)
        other = self.admin.must(201, self.admin.post("/v1/policies", {
            "name": "meanwhile", "text": "deny if false"}))
        stale = self.admin.post("/v1/policies/import", body, headers={"If-Match": etag})
        self.assertEqual(stale.status, 412)
        self.admin.must(204, self.admin.delete(f"/v1/policies/{other['id']}"))
        self.admin.must(200, self.admin.post("/v1/policies/import", body,
                                             headers={"If-Match": etag}))
        self.assertTrue(self.reads())
        for empty in ({}, {"policies": []}):
            self.assertEqual(self.admin.post("/v1/policies/import?prune=true", empty).status, 400)
        self.assertEqual(self.ann_client.post("/v1/policies/import", body).status, 403)
        self.assertEqual(self.ann_client.get("/v1/policies/export").status, 403)
        actions = [record["action"] for record in self.admin.must(
            200, self.admin.get("/v1/audit/events?limit=50"))["data"]]
        self.assertIn("policy.import", actions)
        self.assertIn("policy.import.dry_run", actions)

    def test_questions_and_the_canonical_form(self):
        file = self.folder / "a.cedar"
        file.write_text("permit(principal,action,resource)when{principal.username==\"ann\"};")
        self.assertIn("ann gains read", self.run_policy("simulate", file))
        self.run_policy("format", file, "--write", online=False)
        self.assertIn("when {", file.read_text())
        file.write_text("// why\n" + file.read_text())
        self.assertIn("comments", self.run_policy("format", file, "--write", online=False))
        self.run_policy("import", self.folder)
        said = json.loads(self.run_policy("check", "ann", self.document))
        self.assertEqual(said["decision"], "allow")
        who = json.loads(self.run_policy("who-can-see", self.document))
        self.assertIn("ann", [user["username"] for user in who["users"]])
        self.assertGreater(json.loads(self.run_policy("what-can-see", "ann"))["count"], 0)


if __name__ == "__main__":
    unittest.main()
