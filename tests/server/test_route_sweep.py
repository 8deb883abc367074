"""Every route of the contract, with every kind of credential, on objects of one's own, shared ones,
those of others and absent ones. What somebody may not see answers byte for byte as what is not.

ROUTES says who may use each route. A route of the contract that it does not name fails, with what
to add; so does a kind of object that make_objects() does not make."""

import json
import pathlib
import re
import shutil
import tempfile
import time
import unittest

from credentials import Gateway, SignedClient, every_kind, request_key, session
from read_routes import absent_like, contract_routes
from wenyuan_server import QuickClient, Server

# --- who may use a route
OWN = "whoever is signed in, about themselves"
CONTENT = "whom policies, grants or ownership let"
BY_ADMIN = frozenset({"admin", "caretaker"})  # a role of one's own with the same duties
BY_AUDITOR = BY_ADMIN | {"auditor"}

ROUTES = {
    ("post", "/v1/auth/logout"): OWN,
    ("post", "/v1/auth/second-factor"): OWN,
    ("get", "/v1/sessions"): OWN,
    ("delete", "/v1/sessions"): OWN,
    ("delete", "/v1/sessions/{id}"): OWN,
    ("post", "/v1/me/totp"): OWN,
    ("delete", "/v1/me/totp"): OWN,
    ("post", "/v1/me/totp/confirm"): OWN,
    ("post", "/v1/me/recovery-codes"): OWN,
    ("get", "/v1/me"): OWN,
    ("get", "/v1/api-keys"): OWN,
    ("post", "/v1/api-keys"): OWN,
    ("delete", "/v1/api-keys/{id}"): OWN,
    ("get", "/v1/request-keys"): OWN,
    ("post", "/v1/request-keys"): OWN,
    ("delete", "/v1/request-keys/{id}"): OWN,
    ("get", "/v1/quotas/{id}"): OWN,
    ("get", "/v1/users/{id}"): OWN,
    ("patch", "/v1/users/{id}"): OWN,
    ("get", "/v1/duties"): OWN,
    ("get", "/v1/me/break-glass"): OWN,
    ("get", "/v1/me/break-glass/{id}/reads"): OWN,
    ("get", "/v1/me/identities"): OWN,
    ("post", "/v1/me/identities/{provider}"): OWN,
    ("delete", "/v1/me/identities/{provider}/{subject}"): OWN,
    ("get", "/v1/break-glass"): BY_AUDITOR,
    ("post", "/v1/break-glass"): BY_ADMIN,
    ("get", "/v1/break-glass/{id}"): BY_AUDITOR,
    ("get", "/v1/break-glass/{id}/reads"): BY_AUDITOR,
    ("post", "/v1/break-glass/{id}/approve"): BY_AUDITOR,
    ("post", "/v1/break-glass/{id}/end"): BY_AUDITOR,
    ("get", "/v1/roles"): BY_AUDITOR,
    ("post", "/v1/roles"): BY_ADMIN,
    ("get", "/v1/roles/{id}"): BY_AUDITOR,
    ("patch", "/v1/roles/{id}"): BY_ADMIN,
    ("delete", "/v1/roles/{id}"): BY_ADMIN,
    ("delete", "/v1/users/{id}/lockout"): BY_ADMIN,
    ("put", "/v1/quotas/{id}"): BY_ADMIN,
    ("get", "/v1/users"): BY_AUDITOR,
    ("post", "/v1/users"): BY_ADMIN,
    ("delete", "/v1/users/{id}"): BY_ADMIN,
    ("delete", "/v1/users/{id}/totp"): BY_ADMIN,
    ("get", "/v1/groups"): BY_AUDITOR,
    ("post", "/v1/groups"): BY_ADMIN,
    ("get", "/v1/groups/{id}"): BY_AUDITOR,
    ("get", "/v1/groups/{id}/users"): BY_AUDITOR,
    ("patch", "/v1/groups/{id}"): BY_ADMIN,
    ("delete", "/v1/groups/{id}"): BY_ADMIN,
    ("put", "/v1/groups/{id}/members/{member_id}"): BY_ADMIN,
    ("delete", "/v1/groups/{id}/members/{member_id}"): BY_ADMIN,
    ("get", "/v1/policies"): BY_AUDITOR,
    ("post", "/v1/policies"): BY_ADMIN,
    ("post", "/v1/policies/check"): BY_AUDITOR,
    ("post", "/v1/policies/who-can-see"): BY_AUDITOR,
    ("post", "/v1/policies/what-can-see"): BY_AUDITOR,
    ("post", "/v1/policies/simulate"): BY_AUDITOR,
    ("get", "/v1/policies/schema"): BY_AUDITOR,
    ("get", "/v1/policies/{id}"): BY_AUDITOR,
    ("put", "/v1/policies/{id}"): BY_ADMIN,
    ("delete", "/v1/policies/{id}"): BY_ADMIN,
    ("get", "/v1/policies/{id}/versions"): BY_AUDITOR,
    ("get", "/v1/policies/export"): BY_AUDITOR,
    ("post", "/v1/policies/import"): BY_ADMIN,
    ("get", "/v1/policies/{id}/links"): BY_AUDITOR,
    ("post", "/v1/policies/{id}/links"): BY_ADMIN,
    ("get", "/v1/policies/{id}/links/{link_id}"): BY_AUDITOR,
    ("delete", "/v1/policies/{id}/links/{link_id}"): BY_ADMIN,
    ("get", "/v1/backups"): BY_ADMIN,
    ("post", "/v1/backups"): BY_ADMIN,
    ("get", "/v1/audit/events"): BY_AUDITOR,
    ("get", "/v1/audit/checkpoints"): BY_AUDITOR,
    ("get", "/v1/audit/proofs"): BY_AUDITOR,
    ("get", "/v1/audit/export"): BY_AUDITOR,
    ("get", "/v1/audit/holds"): BY_AUDITOR,
    ("post", "/v1/audit/holds"): BY_AUDITOR,
    ("delete", "/v1/audit/holds/{id}"): BY_AUDITOR,
    ("get", "/v1/grants"): CONTENT,
    ("post", "/v1/grants"): CONTENT,
    ("delete", "/v1/grants/{id}"): CONTENT,
    ("get", "/v1/collections"): CONTENT,
    ("post", "/v1/collections"): CONTENT,
    ("get", "/v1/collections/{id}"): CONTENT,
    ("patch", "/v1/collections/{id}"): CONTENT,
    ("delete", "/v1/collections/{id}"): CONTENT,
    ("get", "/v1/collections/{id}/pack"): CONTENT,
    ("post", "/v1/collections/{id}/pack"): CONTENT,
    ("get", "/v1/collections/{id}/documents"): CONTENT,
    ("post", "/v1/collections/{id}/documents"): CONTENT,
    ("get", "/v1/documents/{id}"): CONTENT,
    ("patch", "/v1/documents/{id}"): CONTENT,
    ("delete", "/v1/documents/{id}"): CONTENT,
    ("get", "/v1/erasures/{id}"): OWN,
    ("post", "/v1/master-key/rotate"): BY_ADMIN,
    ("get", "/v1/documents/{id}/content"): CONTENT,
    ("get", "/v1/documents/{id}/chunks"): CONTENT,
    ("get", "/v1/documents/{id}/versions"): CONTENT,
    ("get", "/v1/jobs/{id}"): CONTENT,
    ("get", "/v1/jobs/{id}/events"): CONTENT,
    ("post", "/v1/search"): CONTENT,
    ("post", "/v1/ask"): CONTENT,
    ("get", "/v1/models"): CONTENT,
    ("post", "/v1/embeddings"): CONTENT,
    ("post", "/v1/rerank"): CONTENT,
    ("post", "/v1/chat/completions"): CONTENT,
    ("post", "/v1/completions"): CONTENT,
}
# Beside the duty these need a session that has shown a second factor.
STRONG = {("post", "/v1/break-glass"), ("post", "/v1/break-glass/{id}/approve"),
          ("post", "/v1/break-glass/{id}/end")}
ROLES = ("admin", "auditor", "model_admin", "data_scientist", "caretaker")
# The scope that a key needs for a route of content; absent: any will do.
SCOPES = {
    "documents:read": [("get", "/v1/collections/{id}/documents"), ("get", "/v1/documents/{id}"),
                       ("get", "/v1/documents/{id}/content"), ("get", "/v1/documents/{id}/chunks"),
                       ("get", "/v1/documents/{id}/versions"),
                       ("get", "/v1/collections/{id}/pack")],
    "documents:write": [("post", "/v1/collections/{id}/pack"),
                        ("post", "/v1/collections/{id}/documents"),
                        ("patch", "/v1/documents/{id}"), ("delete", "/v1/documents/{id}")],
    "search": [("post", "/v1/search")],
    "ask": [("post", "/v1/ask"), ("post", "/v1/embeddings"), ("post", "/v1/rerank"),
            ("post", "/v1/chat/completions"), ("post", "/v1/completions")],
}
# What a reader and an editor of a collection are answered where they may not read; others read.
CHANGES = {
    ("patch", "/v1/collections/{id}"): {"owner": 200, "editor": 403, "reader": 403},
    ("delete", "/v1/collections/{id}"): {"owner": 200, "editor": 403, "reader": 403},
    ("post", "/v1/collections/{id}/documents"): {"owner": 202, "editor": 202, "reader": 403},
    # What is sent is no pack.
    ("post", "/v1/collections/{id}/pack"): {"owner": 400, "editor": 400, "reader": 403},
    ("patch", "/v1/documents/{id}"): {"owner": 200, "editor": 200, "reader": 403},
    ("delete", "/v1/documents/{id}"): {"owner": 200, "editor": 200, "reader": 403},
    # They do not manage the collection, so that its grants are nothing to them.
    ("delete", "/v1/grants/{id}"): {"owner": 204, "editor": 404, "reader": 404},
}
# Bodies that get past the first checks; others are sent an empty object.
BODIES = {
    ("patch", "/v1/collections/{id}"): {"name": "mine now"},
    ("patch", "/v1/documents/{id}"): {"title": "mine now"},
    ("post", "/v1/collections/{id}/documents"): {"title": "planted", "text": "planted text"},
    ("put", "/v1/policies/{id}"): {"name": "x", "text": "allow if false"},
    ("patch", "/v1/users/{id}"): {"display_name": "mine now"},
    ("patch", "/v1/groups/{id}"): {"description": "mine now"},
    ("put", "/v1/quotas/{id}"): {"documents": 1000},
    ("post", "/v1/break-glass"): {"user_id": "OWNER", "reason": "a fire in the archive"},
}
# What names an object in its body or query.
QUESTIONS = (
    ("POST", "/v1/search", lambda objects: {"query": "pump", "mode": "keyword",
                                            "collection_ids": [objects["collections"]]}),
    ("POST", "/v1/ask", lambda objects: {"question": "Where is the pump?", "seed": 1,
                                         "collection_ids": [objects["collections"]]}),
    ("POST", "/v1/chat/completions", lambda objects: {
        "model": "wenyuan/" + objects["collections"], "seed": 1,
        "messages": [{"role": "user", "content": "Where is the pump?"}]}),
    ("POST", "/v1/completions", lambda objects: {
        "model": "wenyuan/" + objects["collections"], "seed": 1, "prompt": "Where is the pump?"}),
    ("POST", "/v1/grants", lambda objects: {"principal": objects["users"], "role": "reader",
                                            "resource": objects["documents"]}),
    ("POST", "/v1/grants", lambda objects: {"principal": objects["users"], "role": "reader",
                                            "resource": objects["collections"]}),
    ("GET", "/v1/grants?resource={documents}", None),
    ("GET", "/v1/grants?resource={collections}", None),
    ("GET", "/v1/sessions?user_id={users}", None),
    ("GET", "/v1/api-keys?user_id={users}", None),
    ("GET", "/v1/request-keys?user_id={users}", None),
)


def is_open(operation):
    return "security" in operation and (not operation["security"] or {} in operation["security"])


def kind_of(path):
    """The kind of object that {id} of the path names: "documents", "audit/holds"."""
    return path[:path.index("/{id}")].removeprefix("/v1/")


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
    closed = [(method, path) for method, path, operation in contract_routes()
              if not is_open(operation)]

    @classmethod
    def setUpClass(cls):
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl program")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-test-sweep-"))
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.gateway = Gateway(folder)
        config = folder / "wenyuan.toml"
        config.write_text(cls.gateway.config)
        cls.server = Server(arguments=("--requests-per-second", "100000", "--config", str(config)))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.quick_client()
        cls.people, cls.kinds = {}, {}
        for name in ("owner", "stranger", "reader", "editor"):
            cls.people[name], cls.kinds[name] = every_kind(cls.server, cls.gateway, cls.admin, name)
        cls.admin.must(201, cls.admin.post("/v1/roles", {
            "name": "caretaker", "duties": cls.admin.must(200, cls.admin.get("/v1/me"))["duties"]}))
        for role in ROLES:
            cls.people[role], cls.kinds[role] = every_kind(
                cls.server, cls.gateway, cls.admin, "the-" + role, [role])
        cls.owner = cls.kinds["owner"]["key"]
        cls.full_key = cls.owner.must(200, cls.owner.get("/v1/me"))["key_id"]
        cls.full_signer = cls.kinds["owner"]["signature"].key_id
        cls.objects = cls.make_objects()
        cls.absent = {kind: absent_like(object_id) for kind, object_id in cls.objects.items()}

    @classmethod
    def make_content(cls):
        """A collection of the owner's with a document, a job and a grant; shared with two."""
        owner = cls.owner
        collection = owner.create_collection("Private")["id"]
        answer = owner.add_text(collection, "Pump", "The pump stands in hall seven.")
        owner.wait_for([answer["id"]])
        grants = [owner.must(201, owner.post("/v1/grants", {
            "principal": cls.people[role]["id"], "role": role, "resource": collection}))["id"]
            for role in ("reader", "editor")]
        return {"collections": collection, "documents": answer["id"], "jobs": answer["job_id"],
                "grants": grants[0]}

    @classmethod
    def make_erasure(cls):
        collection = cls.owner.create_collection("Short-lived")["id"]
        document = cls.owner.add_text(collection, "Slip", "The slip goes.")["id"]
        cls.owner.wait_for([document])
        return cls.owner.must(200, cls.owner.delete(f"/v1/documents/{document}"))["receipt_id"]

    @classmethod
    def make_objects(cls):
        """One of each kind, all of them the owner's or the administrator's."""
        admin, owner = cls.admin, cls.owner
        return {
            **cls.make_content(),
            "api-keys": owner.must(201, owner.post("/v1/api-keys", {
                "name": "spare", "scopes": ["search"], "expires_in": 86400}))["id"],
            "request-keys": request_key(owner, scopes=["search"])[0],
            "sessions": session(cls.server, "owner")["session_id"],
            "groups": admin.must(201, admin.post("/v1/groups", {"name": "group"}))["id"],
            "policies": admin.must(201, admin.post("/v1/policies", {
                "name": "rule", "text": 'deny if user.username == "nobody"'}))["id"],
            "audit/holds": admin.must(201, admin.post("/v1/audit/holds", {
                "name": "hold", "reason": "a lawsuit"}))["id"],
            "roles": "caretaker",
            "break-glass": cls.break_glass(),
            "me/break-glass": cls.break_glass(cls.kinds["auditor"]["strong session"]),
            "erasures": cls.make_erasure(),
            "users": cls.people["owner"]["id"], "quotas": cls.people["owner"]["id"],
        }

    @classmethod
    def break_glass(cls, approver=None):
        """A request to read what is the owner's, approved if somebody is named."""
        asker = cls.kinds["admin"]["strong session"]
        made = asker.must(201, asker.post("/v1/break-glass", {
            "user_id": cls.people["owner"]["id"], "reason": "a fire in the archive"}))["id"]
        if approver:
            approver.must(200, approver.post(f"/v1/break-glass/{made}/approve"))
        return made

    def send(self, client, method, path, object_id):
        body = BODIES.get((method, path), {}) if (method, path) in self.with_body else None
        headers = {"If-Match": "*"} if method in ("put", "patch", "delete") else None
        owner = self.people["owner"]["id"]
        if body and body.get("user_id") == "OWNER":
            body = {**body, "user_id": owner}
        path = path.replace("{id}", object_id).replace("{member_id}", owner)
        path = path.replace("{link_id}", "lnk_none")
        return client.request(method.upper(), path, body=body, headers=headers)

    def object_routes(self, *who):
        """(method, path, kind) of the routes with an object that these may use."""
        for method, path in self.closed:
            if "/{id}" in path and ROUTES.get((method, path)) in who:
                yield method, path, kind_of(path)

    def assert_same_as_absent(self, client, method, path, kind, who):
        hidden = self.send(client, method, path, self.objects[kind])
        absent = self.send(client, method, path, self.absent[kind])
        self.assertEqual(shown(hidden), shown(absent), f"{who}: {method} {path}")
        self.assertGreaterEqual(hidden.status, 400, f"{who}: {method} {path}")
        return hidden

    # --- the contract

    def test_every_route_is_known(self):
        for route in self.closed:
            method, path = route
            with self.subTest(route=route):
                self.assertIn(route, ROUTES, (
                    f"{method.upper()} {path} is new. Say in ROUTES of tests/server/"
                    "test_route_sweep.py who may use it: OWN (whoever is signed in, about "
                    "themselves), CONTENT (policies, grants and ownership decide), BY_ADMIN, "
                    "BY_AUDITOR, or another set of roles. One that reads is added to "
                    "tests/server/read_routes.py too."))
                if "/{id}" in path:
                    self.assertIn(kind_of(path), self.objects, (
                        f"make one of the kind {kind_of(path)} in make_objects() of "
                        "tests/server/test_route_sweep.py"))
        self.assertEqual(set(ROUTES) - set(self.closed), set(), "not in the contract any more")

    # --- credentials

    def wrong_credentials(self):
        """Clients that nobody should believe, by what is wrong with them."""
        port, admin = self.server.port, self.admin
        user = admin.must(201, admin.post("/v1/users", {"username": "fired"}))["id"]
        keys = {name: admin.must(201, admin.post("/v1/api-keys", {
            "name": name, "scopes": ["*"], "expires_in": 1 if name == "expired" else 3600,
            "user_id": person})) for name, person in (
                ("disabled", user), ("removed", self.people["owner"]["id"]),
                ("expired", self.people["owner"]["id"]))}
        disabled_signer = request_key(admin, user_id=user, scopes=["*"])
        admin.must(200, admin.patch(f"/v1/users/{user}", {"disabled": True}))
        admin.must(204, admin.delete(f"/v1/api-keys/{keys['removed']['id']}"))
        signer = request_key(self.owner, scopes=["*"])
        ended, alive = (session(self.server, "owner") for _ in range(2))
        QuickClient(port, key=ended["access_token"]).post("/v1/auth/logout")
        now = int(time.time())
        token = self.gateway.token
        texts = {
            "nothing": None, "garbage": "wy_garbage", "a cut key": self.owner.key[:-1],
            "another end": self.owner.key[:-1] + ("y" if self.owner.key[-1] == "x" else "x"),
            "a removed key": keys["removed"]["key"], "an expired key": keys["expired"]["key"],
            "a key of a disabled user": keys["disabled"]["key"],
            "the id of a key": keys["disabled"]["id"], "an ended session": ended["access_token"],
            "a refresh token": alive["refresh_token"],
            "a token of another issuer": token("owner", iss="https://elsewhere.example"),
            "a token for others": token("owner", aud="elsewhere"),
            "an expired token": token("owner", iat=now - 7200, exp=now - 3600),
            "a token without a signature": token("owner", header={"alg": "none"}).rpartition(".")[0]
            + ".",
            "a token of another key": token("owner", header={"alg": "RS256", "kid": "other"}),
            "a changed token": token("owner")[:-8] + "AAAAAAAA",
        }
        spoiled = {
            "another secret": lambda parts: {**parts, "secret": b"x" * 32},
            "an old signature": lambda parts: {**parts, "time": str(now - 7200)},
            "a signature of tomorrow": lambda parts: {**parts, "time": str(now + 86400)},
            "the digest of another body": lambda parts: {**parts, "digest": "0" * 64},
            "a nonce twice": lambda parts: {**parts, "nonce": "0" * 32},
            "an unknown key": lambda parts: {**parts, "key": absent_like(signer[0])},
        }
        wrong = {what: QuickClient(port, key=text) for what, text in texts.items()}
        wrong |= {what: SignedClient(port, *signer, spoil=spoil)
                  for what, spoil in spoiled.items()}
        wrong["a signature of a disabled user"] = SignedClient(port, *disabled_signer)
        wrong["a nonce twice"].get("/v1/me")
        while self.admin.get("/healthz") and time.time() < now + 2:
            time.sleep(0.1)  # the short-lived key expires
        return wrong

    def test_with_a_wrong_credential_nothing_is_said(self):
        for what, client in self.wrong_credentials().items():
            for method, path in self.closed:
                # A body is compared with its digest when it is read, if anything asks for it.
                if what == "the digest of another body" and (method, path) in self.with_body:
                    continue
                kind = kind_of(path) if "/{id}" in path else None
                answers = [shown(self.send(client, method, path, object_id))
                           for object_id in (self.objects.get(kind, "x"),
                                             self.absent.get(kind, "x"))]
                self.assertEqual(answers[0][0], 401, f"{what}: {method} {path}")
                self.assertEqual(answers[0], answers[1], f"{what}: {method} {path}")

    # --- duties

    def test_duties_are_for_those_who_have_them(self):
        for method, path in self.closed:
            who = ROUTES.get((method, path))
            if not isinstance(who, frozenset):
                continue
            kind = kind_of(path) if "/{id}" in path else None
            for name, kinds in self.kinds.items():
                for credential, client in kinds.items():
                    # Who administers by a session shows a second factor first.
                    needs_more = (name in BY_ADMIN and credential == "session"
                                  or (method, path) in STRONG and credential != "strong session")
                    if name in who and not needs_more:
                        asked = name == "admin" and path == "/v1/break-glass/{id}/approve"
                        if method == "delete" or asked:
                            continue  # the object is needed on; nobody approves what they asked for
                        status = self.send(client, method, path, self.objects.get(kind, "x")).status
                        self.assertNotIn(status, (401, 403, 404) if "link" not in path else (403,),
                                         f"{name} by {credential}: {method} {path}")
                    elif kind:
                        answer = self.assert_same_as_absent(client, method, path, kind,
                                                            f"{name} by {credential}")
                        self.assertIn(answer.status, (403, 404), f"{name}: {method} {path}")
                    else:
                        self.assertEqual(self.send(client, method, path, "x").status, 403,
                                         f"{name} by {credential}: {method} {path}")

    # --- content

    def test_what_belongs_to_others_answers_as_what_is_not(self):
        for name in ("stranger", *ROLES):
            for credential, client in self.kinds[name].items():
                for method, path, kind in self.object_routes(CONTENT):
                    answer = self.assert_same_as_absent(client, method, path, kind,
                                                        f"{name} by {credential}")
                    self.assertEqual(answer.status, 404, f"{name}: {method} {path}")
        self.assertEqual(self.owner.get("/v1/documents/" + self.objects["documents"]).status, 200)

    def test_objects_named_in_a_body_or_query_are_as_hidden(self):
        absent = self.absent | {"users": self.objects["users"]}
        for name in ("stranger", "reader", "editor", *ROLES):
            for credential, client in self.kinds[name].items():
                for method, path, body in QUESTIONS:
                    about_users = "{users}" in path
                    if about_users and name in BY_AUDITOR:
                        continue
                    if not about_users and name in ("reader", "editor"):
                        continue
                    other = self.absent if about_users else absent
                    hidden, nothing = (client.request(
                        method, path.format(**objects), body=body(objects) if body else None)
                        for objects in (self.objects, other))
                    self.assertEqual(shown(hidden), shown(nothing),
                                     f"{name} by {credential}: {method} {path}")

    def test_what_is_shared_is_read_and_changed_by_those_who_may(self):
        for method, path, kind in self.object_routes(CONTENT):
            for name in ("owner", "editor", "reader"):
                for credential, client in self.kinds[name].items():
                    # Who comes by a gateway manages nothing.
                    role = "editor" if (name, credential) == ("owner", "gateway") else name
                    wanted = CHANGES.get((method, path), {}).get(role, 200)
                    removes = method == "delete" and wanted < 300
                    objects = self.make_content() if removes else self.objects
                    answer = self.send(client, method, path, objects[kind])
                    self.assertEqual(answer.status, wanted,
                                     f"{name} by {credential}: {method} {path}")

    # --- one's own

    def test_what_is_ones_own_is_nobody_elses(self):
        for method, path, kind in self.object_routes(OWN):
            for name in ("stranger", "reader", "model_admin", "data_scientist"):
                for credential, client in self.kinds[name].items():
                    answer = self.assert_same_as_absent(client, method, path, kind,
                                                        f"{name} by {credential}")
                    self.assertIn(answer.status, (403, 404), f"{name}: {method} {path}")
            for credential, client in self.kinds["owner"].items():
                if method != "delete":
                    self.assertEqual(self.send(client, method, path, self.objects[kind]).status,
                                     200, f"owner by {credential}: {method} {path}")

    # --- scopes

    def test_a_key_does_what_its_scopes_say(self):
        needed = {route: scope for scope, routes in SCOPES.items() for route in routes}
        for scope in (*SCOPES, "admin"):
            made = self.owner.must(201, self.owner.post("/v1/api-keys", {
                "name": "narrow", "scopes": [scope], "expires_in": 3600}))
            clients = {"key": QuickClient(self.server.port, key=made["key"]),
                       "signature": SignedClient(self.server.port,
                                                 *request_key(self.owner, scopes=[scope]))}
            for credential, client in clients.items():
                for method, path in self.closed:
                    if needed.get((method, path), scope) == scope:
                        continue
                    kind = kind_of(path) if "/{id}" in path else None
                    answers = [self.send(client, method, path, objects.get(kind, "x"))
                               for objects in (self.objects, self.absent)]
                    self.assertEqual(answers[0].status, 403, f"{scope}: {method} {path}")
                    self.assertEqual(shown(answers[0]), shown(answers[1]), f"{method} {path}")
                document = "/v1/documents/" + self.objects["documents"]
                self.assertEqual(client.get(document).status,
                                 200 if scope == "documents:read" else 403, credential)
                self.assertEqual(client.post("/v1/users", {"username": "more"}).status, 403)
                self.assertEqual(client.post("/v1/collections", {"name": "more"}).status,
                                 201 if scope in ("documents:write", "admin") else 403)
                # What opens less does not end what opens more.
                sessions = client.get("/v1/sessions").json["data"]
                for path in ("/v1/sessions", f"/v1/sessions/{sessions[0]['id']}",
                             f"/v1/api-keys/{self.full_key}",
                             f"/v1/request-keys/{self.full_signer}"):
                    self.assertEqual(client.delete(path).status, 403, f"{scope}: {path}")
                self.assertEqual(client.post("/v1/api-keys", {
                    "name": "wide", "scopes": ["*"], "expires_in": 60}).status, 403)
                self.assertEqual(client.post("/v1/request-keys", {
                    "name": "wide", "kind": "hmac-sha256", "scopes": ["*"]}).status, 403)


if __name__ == "__main__":
    unittest.main()
