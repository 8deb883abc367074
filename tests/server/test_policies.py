"""Policies in Cedar and in the short form: who sees what, asked in every way that there is."""

import unittest

from wenyuan_server import Server

CEDAR = """
// Everybody reads what their department has, up to their clearance.
permit(principal, action == Action::"read", resource)
when {
  principal has department && resource has department &&
  principal.department == resource.department &&
  principal has clearance && resource has sensitivity &&
  principal.clearance >= resource.sensitivity
};
"""
SHORT = ("allow if user.department == resource.department and "
         "user.clearance >= resource.sensitivity")


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.ann, cls.ann_client = cls.admin.create_user(
            "ann", {"department": "hr", "clearance": "confidential"})
        cls.bob, cls.bob_client = cls.admin.create_user(
            "bob", {"department": "it", "clearance": "public"})
        cls.collection = cls.admin.create_collection(
            "Handbook", "organization", {"department": "hr", "sensitivity": "internal"})["id"]
        cls.open = cls.admin.add_text(cls.collection, "Leave", "Parents may stay at home.")["id"]
        cls.closed = cls.admin.add_text(
            cls.collection, "Pay", "The pay of the board.", attributes={"sensitivity": "secret"})["id"]
        cls.admin.wait_for([cls.open, cls.closed])

    def add(self, text, **more):
        policy = self.admin.must(201, self.admin.post("/v1/policies", {
            "name": "rule", "text": text, **more}))
        self.addCleanup(self.admin.delete, f"/v1/policies/{policy['id']}")
        return policy["id"]

    def sees(self, client, document):
        return client.get(f"/v1/documents/{document}").status == 200

    def ask(self, question, **body):
        return self.admin.must(200, self.admin.post(f"/v1/policies/{question}", body))

    def test_both_forms_mean_the_same(self):
        for text in (CEDAR, SHORT):
            policy = self.add(text)
            self.assertTrue(self.sees(self.ann_client, self.open))
            self.assertFalse(self.sees(self.ann_client, self.closed))
            self.assertFalse(self.sees(self.bob_client, self.open))
            answer = self.ask("check", principal=self.ann["id"], action="read", resource=self.open)
            self.assertEqual((answer["decision"], answer["reasons"]), ("allow", [policy]))
            self.admin.must(204, self.admin.delete(f"/v1/policies/{policy}"))
            self.assertFalse(self.sees(self.ann_client, self.open))

    def test_a_forbid_wins_and_one_that_fails_denies(self):
        self.add(SHORT)
        for text in ('forbid(principal, action, resource) when { resource.owner == principal || '
                     'resource.kind == "organization" };', "deny if user.suspended"):
            policy = self.add(text)
            self.assertFalse(self.sees(self.ann_client, self.open), text)
            self.admin.must(204, self.admin.delete(f"/v1/policies/{policy}"))
            self.assertTrue(self.sees(self.ann_client, self.open))

    def test_who_and_what(self):
        self.add(SHORT)
        root = self.admin.must(200, self.admin.get(
            f"/v1/collections/{self.collection}"))["owner_id"]
        who = self.ask("who-can-see", resource=self.open)
        self.assertEqual({user["id"] for user in who["users"]}, {self.ann["id"], root})
        self.assertEqual([u["id"] for u in self.ask("who-can-see", resource=self.closed)["users"]],
                         [root])
        what = self.ask("what-can-see", principal=self.ann["id"])
        self.assertEqual({(label["collection_id"], label["attributes"]["sensitivity"])
                          for label in what["labels"]}, {(self.collection, "internal")})
        self.assertEqual(self.ask("what-can-see", principal=self.bob["id"])["count"], 0)

    def test_personal_collections_are_nobodys_business(self):
        diary = self.ann_client.create_collection("Diary")["id"]
        self.assertEqual(self.admin.post("/v1/policies/who-can-see", {"resource": diary}).status, 404)
        self.add('permit(principal, action, resource);')
        self.assertNotIn(diary, [label["collection_id"] for label in self.ask(
            "what-can-see", principal=self.ann["id"])["labels"]])
        self.assertEqual(self.admin.get(f"/v1/collections/{diary}").status, 404)

    def test_a_change_is_tried_before_it_is_made(self):
        policy = self.add(SHORT)
        answer = self.ask("simulate", changes=[
            {"op": "remove", "id": policy},
            {"op": "add", "text": 'permit(principal, action, resource) when { '
                                  'principal.username == "bob" };'}])
        self.assertEqual(answer["users_affected"], 2)
        self.assertEqual([gain["user_id"] for gain in answer["gains"]], [self.bob["id"]])
        self.assertEqual([loss["user_id"] for loss in answer["losses"]], [self.ann["id"]])
        self.assertGreaterEqual(answer["gains"][0]["count"], 2)
        self.assertTrue(self.sees(self.ann_client, self.open))
        self.assertFalse(self.sees(self.bob_client, self.open))
        for changes in ([], [{"op": "remove"}], [{"op": "add", "text": "permit("}], "x"):
            self.assertEqual(self.admin.post("/v1/policies/simulate", {"changes": changes}).status,
                             400, changes)
        self.assertEqual(self.admin.post("/v1/policies/simulate", {
            "changes": [{"op": "remove", "id": "pol_none"}]}).status, 404)

    def test_a_template_decides_through_its_links(self):
        template = self.add('permit(principal in ?principal, action == Action::"read", '
                            'resource in ?resource);')
        path = f"/v1/policies/{template}"
        self.assertEqual(self.admin.must(200, self.admin.get(path))["slots"],
                         ["principal", "resource"])
        values = {"principal": {"type": "User", "id": self.bob["id"]},
                  "resource": {"type": "Collection", "id": self.collection}}
        simulated = self.ask("simulate", changes=[{"op": "link", "id": template, **values}])
        self.assertEqual([gain["user_id"] for gain in simulated["gains"]], [self.bob["id"]])
        self.assertFalse(self.sees(self.bob_client, self.open))
        link = self.admin.must(201, self.admin.post(path + "/links", values))
        self.assertEqual({key: link[key] for key in values}, values)
        self.assertTrue(self.sees(self.bob_client, self.open))
        self.assertFalse(self.sees(self.ann_client, self.open))
        answer = self.ask("check", principal=self.bob["id"], action="read", resource=self.open)
        self.assertEqual(answer["reasons"], [f"{template}/{link['id']}"])
        self.assertIn(self.bob["id"], [user["id"] for user in self.ask(
            "who-can-see", resource=self.open)["users"]])
        self.assertGreater(self.ask("what-can-see", principal=self.bob["id"])["count"], 0)
        self.assertEqual(self.admin.must(200, self.admin.get(path + "/links"))["data"], [link])
        self.assertEqual(self.admin.post(path + "/links", values).status, 409)
        self.assertEqual(self.admin.post(path + "/links", {}).status, 400)
        self.assertEqual(self.ann_client.post(path + "/links", values).status, 403)
        self.admin.must(204, self.admin.delete(f"{path}/links/{link['id']}"))
        self.assertEqual(self.admin.get(f"{path}/links/{link['id']}").status, 404)
        self.assertFalse(self.sees(self.bob_client, self.open))
        self.admin.must(201, self.admin.post(path + "/links", values))
        self.admin.must(204, self.admin.delete(path))
        self.assertFalse(self.sees(self.bob_client, self.open))

    def test_policies_are_checked_against_the_schema(self):
        schema = self.admin.get("/v1/policies/schema").body.decode()
        self.assertIn("entity Document in [Collection]", schema)
        for text, why in (
                ("permit(principal, action, resource) when { principal.shoe == 1 };", "shoe"),
                ("permit(principal, action, resource) when { principal.department == \"hr\" };",
                 "department"),
                ("permit(principal, action == Action::\"fly\", resource);", "fly"),
                ("permit(principal, action, resource)", "expected")):
            answer = self.admin.post("/v1/policies", {"name": "x", "text": text})
            self.assertEqual(answer.status, 400, text)
            self.assertIn(why, answer.body.decode())

    def test_only_those_who_answer_for_access_may_ask(self):
        for question in ("who-can-see", "what-can-see", "simulate", "check"):
            self.assertEqual(self.ann_client.post(f"/v1/policies/{question}", {}).status, 403)
        self.assertEqual(self.ann_client.get("/v1/policies/schema").status, 403)


if __name__ == "__main__":
    unittest.main()
