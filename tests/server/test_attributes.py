"""Attributes that the configuration declares: their kinds, levels with other names, and what becomes
of policies when the declaration changes."""

import json
import pathlib
import tempfile
import unittest

from wenyuan_server import Server

DECLARED = """
[[attribute]]
name = "class"
of = ["document"]
kind = "level"
levels = ["open", "inner", "sealed"]
[[attribute]]
name = "badge"
of = ["user"]
kind = "level"
levels = ["open", "inner", "sealed"]
[[attribute]]
name = "grade"
of = ["user"]
kind = "number"
[[attribute]]
name = "embargo"
of = ["document"]
kind = "time"
"""
PERMIT = """permit(principal, action == Action::"read", resource) when {
  principal has badge && resource has class && principal.badge >= resource.class };"""
FORBID = """forbid(principal, action, resource) when {
  principal has grade && principal.grade < 3 };"""


class Attributes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name) / "wenyuan.toml"
        self.config.write_text(DECLARED)
        self.server = Server(arguments=("--config", str(self.config)))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.admin = self.server.client()
        self.collection = self.admin.create_collection(
            "Papers", "organization", {"class": "inner", "embargo": "2026-01-31"})["id"]
        self.inner = self.admin.add_text(self.collection, "Plan", "The plan.")["id"]
        self.sealed = self.admin.add_text(self.collection, "Seal", "The seal.",
                                          attributes={"class": "sealed"})["id"]
        self.admin.wait_for([self.inner, self.sealed])
        _, self.ann = self.admin.create_user("ann", {"badge": "inner", "grade": 5})

    def add(self, text):
        return self.admin.must(201, self.admin.post(
            "/v1/policies", {"name": "rule", "text": text}))["id"]

    def reads(self):
        return [self.ann.get(f"/v1/documents/{document}").status == 200
                for document in (self.inner, self.sealed)]

    def restart(self, declared):
        self.server.stop()
        self.config.write_text(declared)
        self.server.start()
        self.admin.port = self.ann.port = self.server.port

    def test_values_are_of_their_kind_or_refused(self):
        for wrong, why in (({"class": "secret"}, "open, inner or sealed"),
                           ({"embargo": "soon"}, "2026-01-31")):
            for answer in (
                    self.admin.post("/v1/collections", {
                        "name": "x", "kind": "organization", "attributes": wrong}),
                    self.admin.patch(f"/v1/collections/{self.collection}", {"attributes": wrong},
                                     headers={"If-Match": "*"}),
                    self.admin.post(f"/v1/collections/{self.collection}/documents", {
                        "title": "x", "text": "x", "attributes": wrong}),
                    self.admin.patch(f"/v1/documents/{self.inner}", {"attributes": wrong},
                                     headers={"If-Match": "*"})):
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIn(why, answer.body.decode())
        for wrong, why in (({"badge": "secret"}, "open, inner or sealed"),
                           ({"grade": "high"}, "a whole number")):
            answer = self.admin.post("/v1/users", {"username": "bob", "attributes": wrong})
            self.assertEqual(answer.status, 400, answer.body)
            self.assertIn(why, answer.body.decode())
        self.admin.create_user("bob", {"badge": "sealed", "class": "anything goes here"})

    def test_policies_decide_by_levels_of_ones_own(self):
        schema = self.admin.get("/v1/policies/schema").body.decode()
        self.assertIn("class?: Long,  // open 0, inner 1, sealed 2", schema)
        self.assertIn("embargo?: datetime,", schema)
        for text in (PERMIT, "allow if user.badge >= resource.class",
                     'allow if resource.class < "sealed" and user.badge == "inner"'):
            policy = self.add(text)
            self.assertEqual(self.reads(), [True, False], text)
            self.admin.must(204, self.admin.delete(f"/v1/policies/{policy}"))
        self.assertEqual(self.admin.post("/v1/policies", {
            "name": "x", "text": 'allow if user.badge >= "secret"'}).status, 400)

    def test_what_does_not_fit_a_changed_declaration_closes_and_says_so(self):
        permit, forbid = self.add(PERMIT), self.add(FORBID)
        self.assertEqual(self.reads(), [True, False])
        self.restart(DECLARED.replace('"number"', '"text"'))
        self.assertEqual(self.reads(), [False, False])
        listed = {policy["id"]: policy for policy in self.admin.must(
            200, self.admin.get("/v1/policies"))["data"]}
        self.assertNotIn("error", listed[permit])
        self.assertIn("line 2", listed[forbid]["error"])
        self.assertEqual(listed[forbid]["until_changed"], "denies everything")
        lines = [json.loads(line) for line in self.server.log_tail().splitlines()
                 if "policy.unreadable" in line]
        self.assertEqual([line["policy"] for line in lines], [forbid])
        self.restart(DECLARED)
        self.assertEqual(self.reads(), [True, False])


if __name__ == "__main__":
    unittest.main()
