"""Every route of the contract, with every kind of credential, on objects of one's own, shared ones,
those of others and absent ones: what somebody may not see answers byte for byte as what is not."""

import json
import pathlib
import re
import secrets
import unittest

from wenyuan_server import Client, Server

CONTRACT = pathlib.Path(__file__).resolve().parents[2] / "schema" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CONTENT = ("collections", "documents", "jobs")
# Bodies that get past the first checks; others are sent an empty object.
BODIES = {
    ("patch", "/v1/collections/{id}"): {"name": "mine now"},
    ("patch", "/v1/documents/{id}"): {"title": "mine now"},
    ("post", "/v1/collections/{id}/documents"): {"title": "planted", "text": "planted text"},
    ("put", "/v1/policies/{id}"): {"name": "x", "text": "allow if true"},
    ("patch", "/v1/users/{id}"): {"display_name": "mine now"},
}
# What names an object in its body.
QUESTIONS = (
    ("/v1/search", lambda objects: {"query": "pump", "mode": "keyword",
                                    "collection_ids": [objects["collections"]]}),
    ("/v1/ask", lambda objects: {"question": "Where is the pump?", "seed": 1,
                                 "collection_ids": [objects["collections"]]}),
    ("/v1/chat/completions", lambda objects: {
        "model": "wenyuan/" + objects["collections"], "seed": 1,
        "messages": [{"role": "user", "content": "Where is the pump?"}]}),
    ("/v1/grants", lambda objects: {"principal": objects["users"], "role": "reader",
                                    "resource": objects["documents"]}),
)


def contract_routes():
    for path, operations in json.loads(CONTRACT.read_text())["paths"].items():
        for method in METHODS:
            if method in operations:
                yield method, path, operations[method]


def is_open(operation):
    return "security" in operation and (not operation["security"] or {} in operation["security"])


def absent_like(object_id):
    head, _, tail = object_id.rpartition("_")
    return head + "_" + "".join(secrets.choice(ALPHABET) for _ in tail)


def kind_of(path):
    """The kind of object that {id} of the path names: "documents", "audit/holds"."""
    before = path[:path.index("/{id}")].removeprefix("/v1/")
    return before


def shown(answer):
    """What of an answer must be equal, ids and times of the request itself left out."""
    body = re.sub(rb"[a-z]{3}_[0-9a-z]{26}", b"ID", answer.body)
    body = re.sub(rb'"(took_ms|created)":\s*[0-9.]+', rb'"\1":0', body)
    body = re.sub(rb'"timings_ms":\s*\{[^}]*\}', b'"timings_ms":{}', body)
    headers = {name: value for name, value in answer.headers.items()
               if name not in ("date", "x-request-id", "content-length")
               and not name.startswith(("ratelimit", "x-ratelimit"))}
    return answer.status, sorted(headers.items()), body


class RouteSweep(unittest.TestCase):
    with_body = {(method, path) for method, path, operation in contract_routes()
                 if "requestBody" in operation}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(arguments=("--requests-per-second", "100000"))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.owner_user, cls.owner = cls.admin.create_user("owner")
        cls.stranger_user, cls.stranger = cls.admin.create_user("stranger")
        cls.friend_user, cls.friend = cls.admin.create_user("friend")
        cls.duties = {role: cls.admin.create_user("the-" + role, roles=[role])[1]
                      for role in ("admin", "auditor", "model_admin", "data_scientist", "owner",
                                   "editor", "reader")}
        cls.admin.must(201, cls.admin.post("/v1/roles", {
            "name": "caretaker", "duties": cls.admin.must(200, cls.admin.get("/v1/me"))["duties"]}))
        cls.duties["caretaker"] = cls.admin.create_user("the-caretaker", roles=["caretaker"])[1]
        collection = cls.owner.create_collection("Private")["id"]
        answer = cls.owner.add_text(collection, "Pump", "The pump stands in hall seven.")
        cls.owner.wait_for([answer["id"]])
        grant = cls.owner.must(201, cls.owner.post("/v1/grants", {
            "principal": cls.friend_user["id"], "role": "reader", "resource": collection}))
        keys = cls.owner.must(200, cls.owner.get("/v1/api-keys"))["data"]
        group = cls.admin.must(201, cls.admin.post("/v1/groups", {"name": "group"}))
        policy = cls.admin.must(201, cls.admin.post("/v1/policies", {
            "name": "rule", "text": "deny if user.username == \"nobody\""}))
        cls.objects = {"collections": collection, "documents": answer["id"],
                       "jobs": answer["job_id"], "grants": grant["id"], "api-keys": keys[0]["id"],
                       "groups": group["id"], "policies": policy["id"], "roles": "caretaker",
                       "users": cls.owner_user["id"]}
        cls.absent = {kind: absent_like(object_id) for kind, object_id in cls.objects.items()}

    def send(self, client, method, path, object_id):
        body = BODIES.get((method, path), {}) if (method, path) in self.with_body else None
        headers = {"If-Match": "*"} if method in ("put", "patch", "delete") else None
        return client.request(method.upper(), path.replace("{id}", object_id), body=body,
                              headers=headers)

    def routes_with_objects(self):
        for method, path, _ in contract_routes():
            if "/{id}" in path and kind_of(path) in self.objects:
                yield method, path, kind_of(path)

    def assert_same_as_absent(self, client, method, path, kind, who):
        hidden = self.send(client, method, path, self.objects[kind])
        absent = self.send(client, method, path, self.absent[kind])
        self.assertEqual(shown(hidden), shown(absent), f"{who}: {method} {path}")
        self.assertGreaterEqual(hidden.status, 400, f"{who}: {method} {path}")

    def test_without_a_credential_nothing_is_said(self):
        nobody = [Client(self.server.port, key=None), Client(self.server.port, key="wy_garbage"),
                  Client(self.server.port, key=self.owner.key[:-1] + "x"),
                  Client(self.server.port, key=secrets.token_urlsafe(40))]
        for method, path, operation in contract_routes():
            if is_open(operation) or "{provider}" in path:
                continue
            kind = kind_of(path) if "/{id}" in path else None
            for client in nobody:
                answers = {shown(self.send(client, method, path, object_id))[0::2]
                           for object_id in (self.objects.get(kind, "x"), self.absent.get(kind, "x"))}
                self.assertEqual({status for status, _ in answers}, {401}, f"{method} {path}")
                self.assertEqual(len(answers), 1, f"{method} {path}")

    def test_what_belongs_to_others_answers_as_what_is_not(self):
        for method, path, kind in self.routes_with_objects():
            self.assert_same_as_absent(self.stranger, method, path, kind, "stranger")
        self.assertEqual(self.owner.get("/v1/documents/" + self.objects["documents"]).status, 200)

    def test_no_duty_opens_content(self):
        for role, client in self.duties.items():
            for method, path, kind in self.routes_with_objects():
                if kind in CONTENT:
                    self.assert_same_as_absent(client, method, path, kind, role)

    def test_objects_named_in_a_body_are_as_hidden(self):
        for who, client in {"stranger": self.stranger, **self.duties}.items():
            for path, body in QUESTIONS:
                hidden = client.post(path, body(self.objects))
                absent = client.post(path, body(self.absent | {"users": self.objects["users"]}))
                self.assertEqual(shown(hidden), shown(absent), f"{who}: {path}")

    def test_a_reader_reads_and_changes_nothing(self):
        for method, path, kind in self.routes_with_objects():
            if kind not in ("collections", "documents") or "events" in path:
                continue
            answer = self.send(self.friend, method, path, self.objects[kind])
            if method == "get":
                self.assertEqual(answer.status, 200, path)
            else:
                self.assertEqual(answer.status, 403, f"{method} {path}: {answer.body[:200]}")

    def test_the_owner_reads_all_of_it(self):
        for method, path, kind in self.routes_with_objects():
            if method == "get" and kind in (*CONTENT, "api-keys", "grants"):
                self.assertEqual(self.send(self.owner, method, path, self.objects[kind]).status,
                                 200, path)

    def test_a_key_does_what_its_scopes_say(self):
        def scoped(*scopes):
            key = self.owner.must(201, self.owner.post("/v1/api-keys", {
                "name": "narrow", "scopes": list(scopes), "expires_in": 3600}))
            return Client(self.server.port, key["key"])
        document = "/v1/documents/" + self.objects["documents"]
        reader, writer = scoped("documents:read"), scoped("documents:write")
        self.assertEqual(reader.get(document).status, 200)
        self.assertIn(reader.patch(document, {"title": "x"}, headers={"If-Match": "*"}).status,
                      (403, 404))
        self.assertIn(writer.get(document).status, (403, 404))
        for narrow in (reader, writer):
            self.assertEqual(narrow.post("/v1/ask", {"question": "pump?"}).status, 403)
            self.assertEqual(narrow.post("/v1/users", {"username": "more"}).status, 403)
            self.assertEqual(narrow.post("/v1/api-keys", {"name": "wide", "scopes": ["*"],
                                                          "expires_in": 60}).status, 403)


if __name__ == "__main__":
    unittest.main()
