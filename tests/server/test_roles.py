"""Groups in groups, roles of one's own and break-glass, through the whole server."""

import unittest
import uuid

from test_identity import PASSWORD, totp
from wenyuan_server import Client, Server

DUTIES = ["audit.hold", "audit.read", "audit.read_personal", "backups.manage",
          "break_glass.approve", "break_glass.read", "break_glass.request", "collections.manage", "credentials.manage",
          "directory.read", "groups.manage", "master_key.rotate",
          "metrics.read", "policies.manage", "policies.read",
          "quotas.manage", "roles.manage", "users.manage"]
# What a duty opens, by a request that changes nothing that matters.
OPENS = {
    "audit.hold": ("POST", "/v1/audit/holds", {}),
    "audit.read": ("GET", "/v1/audit/checkpoints", None),
    "backups.manage": ("GET", "/v1/backups", None),
    "break_glass.approve": ("POST", "/v1/break-glass/bgl_none/approve", None),
    "break_glass.read": ("GET", "/v1/break-glass", None),
    "collections.manage": ("POST", "/v1/collections", {"name": "x", "kind": "organization",
                                                       "attributes": {}}),
    "credentials.manage": ("GET", "/v1/api-keys?user_id=usr_none", None),
    "directory.read": ("GET", "/v1/users", None),
    "groups.manage": ("POST", "/v1/groups", {}),
    "policies.manage": ("POST", "/v1/policies", {}),
    "policies.read": ("GET", "/v1/policies", None),
    "quotas.manage": ("GET", "/v1/quotas/*", None),
    "roles.manage": ("POST", "/v1/roles", {}),
    "users.manage": ("POST", "/v1/users", {}),
}


class OneServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(arguments=("--requests-per-second", "100000"))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.nobody = Client(cls.server.port, key=None)

    def role(self, duties, name=None):
        return self.admin.must(201, self.admin.post("/v1/roles", {
            "name": name or "role-" + uuid.uuid4().hex[:8], "duties": duties}))["name"]

    def person(self, name, roles=()):
        """A user with a second factor, and a client in a session that has shown it."""
        user = self.admin.must(201, self.admin.post("/v1/users", {
            "username": name, "password": PASSWORD, "roles": list(roles)}))
        tokens = self.nobody.must(200, self.nobody.post("/v1/auth/login", {
            "username": name, "password": PASSWORD}))
        client = Client(self.server.port, key=tokens["access_token"])
        begun = client.must(201, client.post("/v1/me/totp", {"current_password": PASSWORD}))
        client.must(200, client.post("/v1/me/totp/confirm", {"totp": totp(begun["secret"])}))
        return user, client


class Groups(OneServer):
    def group(self, name, members):
        return self.admin.must(201, self.admin.post("/v1/groups", {
            "name": name, "members": members}))["id"]

    def test_a_grant_reaches_whoever_is_in_a_group_of_the_group(self):
        owner_user, owner = self.admin.create_user("gus")
        reader_user, reader = self.admin.create_user("greta")
        collection = owner.create_collection("Shared with many")["id"]
        document = owner.add_text(collection, "Note", "The pump stands in hall seven.")["id"]
        inner = self.group("inner", [reader_user["id"]])
        outer = self.group("outer", [self.group("middle", [inner])])
        path = "/v1/documents/" + document
        self.assertEqual(reader.get(path).status, 404)
        grant = owner.must(201, owner.post("/v1/grants", {
            "principal": outer, "role": "reader", "resource": collection}))
        self.assertEqual(reader.get(path).status, 200)
        groups = reader.must(200, reader.get("/v1/me"))["groups"]
        self.assertEqual({(g["name"], g["direct"]) for g in groups},
                         {("inner", True), ("middle", False), ("outer", False)})
        everybody = self.admin.must(200, self.admin.get(f"/v1/groups/{outer}/users"))
        self.assertEqual(everybody["data"], [reader_user["id"]])
        self.admin.must(204, self.admin.delete(f"/v1/groups/{inner}/members/{reader_user['id']}"))
        self.assertEqual(reader.get(path).status, 404)
        self.admin.must(204, self.admin.request(
            "PUT", f"/v1/groups/{inner}/members/{reader_user['id']}"))
        self.assertEqual(reader.get(path).status, 200)
        owner.must(204, owner.delete("/v1/grants/" + grant["id"]))
        self.assertEqual(reader.get(path).status, 404)

    def test_no_group_is_in_itself(self):
        low = self.group("low", [])
        high = self.group("high", [low])
        cycle = self.admin.request("PUT", f"/v1/groups/{low}/members/{high}")
        self.assertEqual(cycle.status, 409)
        self.assertIn("in itself", cycle.json["detail"])
        self.assertEqual(self.admin.patch(f"/v1/groups/{low}", {"members": [high]}).status, 409)
        nobody = self.admin.patch(f"/v1/groups/{low}", {"members": ["usr_none"]})
        self.assertEqual(nobody.status, 400)
        _, stranger = self.admin.create_user("gerd")
        for method, path in (("GET", f"/v1/groups/{low}/users"),
                             ("PUT", f"/v1/groups/{low}/members/{low}"),
                             ("DELETE", f"/v1/groups/{high}/members/{low}")):
            self.assertEqual(stranger.request(method, path).status, 403)


class Roles(OneServer):
    def test_a_duty_opens_its_routes_and_no_others(self):
        self.assertEqual([d["name"] for d in self.admin.must(200, self.admin.get("/v1/duties"))["data"]],
                         DUTIES)
        for held in DUTIES:
            _, client = self.admin.create_user("one-" + held, roles=[self.role([held])])
            for duty, (method, path, body) in OPENS.items():
                answer = client.request(method, path, body=body)
                opened = answer.status not in (401, 403)
                # Whoever approves also sees what there is to approve.
                also = (held, duty) in (("break_glass.approve", "break_glass.read"),
                                        ("break_glass.request", "break_glass.read"))
                if duty == "break_glass.approve" and held == duty:
                    self.assertIn("second factor", answer.json["detail"])
                else:
                    self.assertEqual(opened, held == duty or also,
                                     f"{held}: {method} {path}: {answer.status}")

    def test_roles_are_made_changed_and_removed(self):
        name = self.role(["directory.read"], "helpdesk")
        again = self.admin.post("/v1/roles", {"name": name})
        self.assertEqual(again.status, 409)
        user, client = self.admin.create_user("heidi", roles=[name])
        client.must(200, client.get("/v1/users"))
        path = "/v1/roles/" + name
        self.assertEqual(self.admin.must(200, self.admin.get(path))["holders"], 1)
        changed = self.admin.must(200, self.admin.patch(path, {"duties": ["metrics.read"]}))
        self.assertEqual(changed["duties"], ["metrics.read"])
        self.assertEqual(client.get("/v1/users").status, 403)
        held = self.admin.delete(path)
        self.assertEqual(held.status, 409)
        self.assertIn("1 user holds", held.json["detail"])
        self.admin.must(200, self.admin.patch("/v1/users/" + user["id"], {"roles": []}))
        self.admin.must(204, self.admin.delete(path))
        self.assertEqual(self.admin.get(path).status, 404)
        for method, body in (("PATCH", {"duties": []}), ("DELETE", None)):
            self.assertEqual(self.admin.request(method, "/v1/roles/admin", body=body).status, 409)
        unknown = self.admin.post("/v1/roles", {"name": "x", "duties": ["everything"]})
        self.assertEqual(unknown.status, 400)
        actions = [e["action"] for e in self.admin.must(200, self.admin.get(
            "/v1/audit/events?limit=50"))["data"]]
        for action in ("role.add", "role.change", "role.remove"):
            self.assertIn(action, actions)

    def test_nobody_comes_to_more_than_they_have(self):
        name = self.role(["users.manage", "credentials.manage", "roles.manage", "directory.read"])
        me, client = self.admin.create_user("clara", roles=[name])
        victim, _ = self.admin.create_user("victor", roles=["admin"])
        plain, _ = self.admin.create_user("paula")
        def refused(answer):
            self.assertEqual(answer.status, 403, answer.body)
        for roles in (["admin"], ["auditor"], [name, "admin"]):
            refused(client.patch("/v1/users/" + me["id"], {"roles": roles}))
            refused(client.patch("/v1/users/" + plain["id"], {"roles": roles}))
            refused(client.post("/v1/users", {"username": "more", "roles": roles}))
        refused(client.post("/v1/roles", {"name": "more", "duties": ["audit.read"]}))
        refused(client.patch("/v1/roles/" + name, {"duties": ["audit.read"]}))
        refused(client.patch("/v1/users/" + victim["id"], {"password": "another password"}))
        refused(client.patch("/v1/users/" + victim["id"], {"disabled": True}))
        refused(client.delete("/v1/users/" + victim["id"]))
        refused(client.delete("/v1/users/" + victim["id"] + "/totp"))
        for path in ("/v1/api-keys", "/v1/request-keys"):
            refused(client.post(path, {"name": "k", "kind": "hmac-sha256", "scopes": ["*"],
                                       "user_id": victim["id"]}))
        client.must(200, client.patch("/v1/users/" + plain["id"], {"roles": [name]}))
        client.must(201, client.post("/v1/roles", {"name": "less", "duties": ["directory.read"]}))
        root = self.admin.must(200, self.admin.get("/v1/me"))
        refused(self.admin.patch("/v1/users/" + root["id"], {"roles": ["admin", "auditor"]}))

    def test_a_lockout_is_lifted(self):
        user = self.admin.must(201, self.admin.post("/v1/users", {
            "username": "luke", "password": PASSWORD}))
        def sign_in(password):
            return self.nobody.post("/v1/auth/login", {"username": "luke", "password": password})
        for _ in range(5):
            sign_in("wrong one")
        self.assertEqual(sign_in(PASSWORD).status, 429)
        path = "/v1/users/" + user["id"] + "/lockout"
        _, stranger = self.admin.create_user("lara")
        self.assertEqual(stranger.delete(path).status, 403)
        self.admin.must(204, self.admin.delete(path))
        self.nobody.must(200, sign_in(PASSWORD))

    def test_the_last_administrator_stays(self):
        root = self.admin.must(200, self.admin.get("/v1/me"))
        for body in ({"roles": []}, {"disabled": True}):
            others = [u for u in self.admin.must(200, self.admin.get("/v1/users?limit=200"))["data"]
                      if "admin" in u["roles"] and u["id"] != root["id"]]
            for other in others:
                self.admin.must(200, self.admin.patch("/v1/users/" + other["id"], {"roles": []}))
            answer = self.admin.patch("/v1/users/" + root["id"], body)
            self.assertEqual(answer.status, 409, answer.body)

    def test_policies_see_roles_and_personal_collections_stay_closed(self):
        owner_user, owner = self.admin.create_user("olaf")
        private = owner.create_collection("Private")["id"]
        secret = owner.add_text(private, "Diary", "The pump was my idea.")["id"]
        shared = self.admin.create_collection("Everybody's", "organization")["id"]
        note = self.admin.add_text(shared, "Note", "The pump stands in hall seven.")["id"]
        owner.wait_for([secret])
        role = self.role([], "translator")
        _, client = self.admin.create_user("tina", roles=[role, "reader", "editor", "owner"])
        self.assertEqual(client.get("/v1/documents/" + note).status, 404)
        self.admin.must(201, self.admin.post("/v1/policies", {
            "name": "translators", "text": f'permit(principal in Role::"{role}", action, resource);'}))
        client.must(200, client.get("/v1/documents/" + note))
        self.assertEqual(client.get("/v1/documents/" + secret).status, 404)
        found = client.search("pump", mode="keyword")["results"]
        self.assertEqual({hit["document_id"] for hit in found} - {note}, set())


class BreakGlass(OneServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner_user, cls.owner = cls.admin.create_user("otto")
        cls.collection = cls.owner.create_collection("Letters")["id"]
        cls.document = cls.owner.add_text(cls.collection, "Letter",
                                          "The contract lies in the blue folder.")["id"]
        cls.owner.wait_for([cls.document])

    def setUp(self):
        tail = uuid.uuid4().hex[:8]
        self.asker_user, self.asker = self.person("asker-" + tail, ["admin"])
        self.other_user, self.other = self.person("other-" + tail, ["auditor"])

    def ask(self, client=None, **more):
        client = client or self.asker
        return client.post("/v1/break-glass", {
            "user_id": self.owner_user["id"], "reason": "Otto is in hospital; the contract ends",
            "duration_seconds": 600, **more})

    def opened(self, **more):
        access = self.asker.must(201, self.ask(**more))
        return self.other.must(200, self.other.post(f"/v1/break-glass/{access['id']}/approve"))

    def test_two_people_open_it_and_the_owner_sees_it(self):
        path = "/v1/documents/" + self.document
        access = self.asker.must(201, self.ask())
        self.assertEqual(access["state"], "requested")
        header = {"Break-Glass": access["id"]}
        self.assertEqual(self.asker.get(path, headers=header).status, 403)
        alone = self.asker.post(f"/v1/break-glass/{access['id']}/approve")
        self.assertEqual(alone.status, 403)
        before = self.owner.must(200, self.owner.get("/v1/me/break-glass"))["data"]
        self.assertNotIn(access["id"], [one["id"] for one in before])
        approved = self.other.must(200, self.other.post(f"/v1/break-glass/{access['id']}/approve"))
        self.assertEqual(approved["state"], "active")
        self.assertEqual(self.asker.get(path).status, 404, "without saying so")
        read = self.asker.must(200, self.asker.get(path, headers=header))
        self.assertEqual(read["title"], "Letter")
        self.assertEqual(self.asker.get(path + "/content", headers=header).status, 200)
        listed = self.asker.must(200, self.asker.get("/v1/collections", headers=header))["data"]
        self.assertIn(self.collection, [c["id"] for c in listed])
        self.assertEqual({tuple(c["permissions"]) for c in listed}, {("read",)})
        found = self.asker.must(200, self.asker.post(
            "/v1/search", {"query": "contract", "mode": "keyword"}, headers=header))["results"]
        self.assertEqual({hit["document_id"] for hit in found}, {self.document})
        mine = self.owner.must(200, self.owner.get("/v1/me/break-glass"))["data"]
        seen = next(one for one in mine if one["id"] == access["id"])
        self.assertEqual(seen["requester"]["username"], self.asker_user["username"])
        self.assertEqual(seen["approver"]["username"], self.other_user["username"])
        self.assertIn("hospital", seen["reason"])
        self.assertEqual(seen["reads"], 4)
        reads = self.owner.must(200, self.owner.get(
            f"/v1/me/break-glass/{access['id']}/reads"))["data"]
        self.assertEqual([one["request"] for one in reads],
                         ["POST /v1/search", "GET /v1/collections",
                          "GET /v1/documents/{id}/content", "GET /v1/documents/{id}"])
        self.assertEqual(reads[-1]["object_id"], self.document)
        _, stranger = self.admin.create_user("sam-" + uuid.uuid4().hex[:6])
        self.assertEqual(stranger.get(f"/v1/me/break-glass/{access['id']}/reads").status, 404)
        self.assertEqual(stranger.get("/v1/break-glass").status, 403)

    def test_it_only_reads_and_only_there(self):
        access = self.opened(collection_id=self.collection)
        header = {"Break-Glass": access["id"]}
        private = self.owner.create_collection("Another")["id"]
        hidden = self.owner.add_text(private, "More", "Something else.")["id"]
        own = self.asker.create_collection("Mine")["id"]
        path = "/v1/documents/" + self.document
        for method, where, body in (("PATCH", path, {"title": "x"}), ("DELETE", path, None),
                                    ("DELETE", "/v1/collections/" + self.collection, None),
                                    ("POST", f"/v1/collections/{self.collection}/documents",
                                     {"title": "x", "text": "x"}),
                                    ("POST", "/v1/grants", {"principal": self.asker_user["id"],
                                                            "role": "reader",
                                                            "resource": self.collection}),
                                    ("GET", "/v1/users", None)):
            answer = self.asker.request(method, where, body=body, headers=header)
            self.assertEqual(answer.status, 403, f"{method} {where}: {answer.body}")
        self.assertEqual(self.asker.get("/v1/documents/" + hidden, headers=header).status, 404)
        self.assertEqual(self.asker.get("/v1/collections/" + own, headers=header).status, 404)
        self.asker.must(200, self.asker.get(path, headers=header))
        for client in (self.other, self.admin, self.owner):
            self.assertEqual(client.get(path, headers=header).status, 403)
        self.assertEqual(self.asker.get(path, headers={"Break-Glass": "bgl_none"}).status, 403)

    def test_it_ends_early_and_the_owner_cannot_end_it(self):
        access = self.opened()
        header = {"Break-Glass": access["id"]}
        path = "/v1/documents/" + self.document
        self.asker.must(200, self.asker.get(path, headers=header))
        self.assertEqual(self.owner.post(f"/v1/break-glass/{access['id']}/end").status, 403)
        ended = self.other.must(200, self.other.post(f"/v1/break-glass/{access['id']}/end"))
        self.assertEqual(ended["state"], "ended")
        self.assertEqual(self.asker.get(path, headers=header).status, 403)
        self.assertEqual(self.other.post(f"/v1/break-glass/{access['id']}/end").status, 409)
        shown = self.owner.must(200, self.owner.get("/v1/me/break-glass"))["data"]
        self.assertIn(("ended", 1), [(one["state"], one["reads"]) for one in shown])

    def test_keys_and_bad_requests_are_refused(self):
        by_key = self.admin
        self.assertEqual(self.ask(by_key).status, 403)
        for wrong in ({"reason": "because"}, {"duration_seconds": 86401}, {"duration_seconds": 1},
                      {"user_id": "usr_none"}, {"user_id": self.asker_user["id"]}):
            self.assertEqual(self.ask(**wrong).status, 400, wrong)
        self.assertEqual(self.ask(self.other).status, 403, "auditors approve")

    def test_the_log_has_both_names_and_the_reason(self):
        access = self.opened()
        self.asker.must(200, self.asker.get("/v1/documents/" + self.document,
                                            headers={"Break-Glass": access["id"]}))
        events = self.other.must(200, self.other.get(
            f"/v1/audit/events?object_id={access['id']}&personal=true"))["data"]
        actions = {event["action"]: event for event in events}
        self.assertEqual(set(actions), {"break_glass.request", "break_glass.approve",
                                        "break_glass.use"})
        approved = actions["break_glass.approve"]
        self.assertEqual(approved["details"]["requester"], self.asker_user["id"])
        self.assertEqual(approved["details"]["approver"], self.other_user["id"])
        self.assertEqual(approved["personal"]["requester_name"], self.asker_user["username"])
        self.assertEqual(approved["personal"]["approver_name"], self.other_user["username"])
        self.assertIn("hospital", approved["personal"]["reason"])


if __name__ == "__main__":
    unittest.main()
