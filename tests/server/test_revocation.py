"""What was revoked is read no more: several clients read a document by every route of the contract
that shows content, while whatever opens it is taken away. No read that begins after the answer to
the revocation shows anything of it.

WENYUAN_RACES says how often (default 48). tests/api/revocation_test.cc is the same inside of one
process, for larger numbers and for the thread sanitizer."""

import itertools
import os
import random
import threading
import unittest
import uuid

from credentials import PASSWORD, session, strong_session
from read_routes import CONTENT, Asker
from wenyuan_server import QuickClient, ServerInMemory

RACES = int(os.environ.get("WENYUAN_RACES", "48"))
READERS = 3
WORD = "zebrafish"
TEXT = f"The {WORD} is in hall seven."
CHANGING, GIVEN, TAKEN = range(3)


class Revocation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerInMemory()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.quick_client()
        cls.boss, cls.owner = cls.admin.create_user("boss", roles=["admin"])
        cls.admin.must(201, cls.admin.post("/v1/roles", {
            "name": "glazier", "duties": ["break_glass.request"]}))
        # Ends and approves in a session with a second factor.
        cls.admin.must(201, cls.admin.post("/v1/users", {
            "username": "second", "password": PASSWORD, "roles": ["auditor"]}))
        cls.glazier = strong_session(cls.server, "second")
        cls.group = cls.admin.must(201, cls.admin.post("/v1/groups", {"name": "group"}))["id"]

    # --- means: each makes a user to whom the document is open, and says how that ends

    def request(self, *request):
        answer = self.owner.request(*request)
        assert answer.status < 300, (request, answer.status, answer.body)
        return answer.json if answer.body else None

    def grant(self, principal, resource):
        return self.request("POST", "/v1/grants", {
            "principal": principal, "role": "reader", "resource": resource})["id"]

    def policy(self, text):
        made = self.request("POST", "/v1/policies", {"name": "rule", "text": text})["id"]
        self.policies.append(made)
        return made

    def by_grant_on_the_collection(self):
        return "DELETE", "/v1/grants/" + self.grant(self.user["id"], self.collection)

    def by_grant_on_the_document(self):
        return "DELETE", "/v1/grants/" + self.grant(self.user["id"], self.document)

    def by_a_policy(self):
        return "DELETE", "/v1/policies/" + self.policy(
            "allow if user.department == resource.department")

    def until_a_policy_forbids(self):
        self.by_a_policy()
        return "POST", "/v1/policies", {"name": "stop", "text":
                                        "deny if user.department == resource.department"}

    def by_an_attribute(self):
        self.by_a_policy()
        return "PATCH", "/v1/users/" + self.user["id"], {"attributes": {"department": "it"}}

    def by_a_label(self):
        self.policy('allow if resource.sensitivity <= "internal"')
        return "PATCH", "/v1/documents/" + self.document, {"attributes": {"sensitivity": "secret"}}

    def by_a_group(self):
        self.request("PATCH", "/v1/groups/" + self.group, {"members": [self.user["id"]]})
        self.grant(self.group, self.collection)
        return "PATCH", "/v1/groups/" + self.group, {"members": []}

    def by_a_key(self):
        self.by_grant_on_the_collection()
        key = self.request("GET", f"/v1/api-keys?user_id={self.user['id']}")["data"][0]["id"]
        return "DELETE", "/v1/api-keys/" + key

    def by_a_session(self):
        self.by_grant_on_the_collection()
        tokens = session(self.server, self.user["username"])
        self.credential = tokens["access_token"]
        return "DELETE", "/v1/sessions/" + tokens["session_id"]

    def while_enabled(self):
        self.by_grant_on_the_collection()
        return "PATCH", "/v1/users/" + self.user["id"], {"disabled": True}

    def until_erased(self):
        self.by_grant_on_the_document()
        return "DELETE", "/v1/documents/" + self.document

    def by_break_glass(self):
        asker = strong_session(self.server, self.user["username"])
        self.credential = asker.key
        access = asker.must(201, asker.post("/v1/break-glass", {
            "user_id": self.boss["id"], "reason": "a fire in the archive"}))["id"]
        self.glazier.must(200, self.glazier.post(f"/v1/break-glass/{access}/approve"))
        self.headers = {"Break-Glass": access}
        return "POST", f"/v1/break-glass/{access}/end"

    MEANS = (by_grant_on_the_collection, by_grant_on_the_document, by_a_policy,
             until_a_policy_forbids, by_an_attribute, by_a_label, by_a_group, by_a_key,
             by_a_session, while_enabled, until_erased, by_break_glass)

    def begin(self, means):
        """A new document, and a new user to whom it is open; gives the request that ends that."""
        user = {"username": "u" + uuid.uuid4().hex, "attributes": {"department": "hr"}}
        glass = means is Revocation.by_break_glass
        if glass or means is Revocation.by_a_session:  # a password takes time
            user["password"] = PASSWORD
        if glass:
            user["roles"] = ["glazier"]
        self.headers = {}
        self.user = self.request("POST", "/v1/users", user)
        self.credential = self.request("POST", "/v1/api-keys", {
            "name": "key", "scopes": ["*"], "expires_in": 3600, "user_id": self.user["id"]})["key"]
        self.policies = []
        self.collection = self.owner.create_collection(
            "Halls", "personal" if glass else "organization")["id"]
        made = self.owner.add_text(self.collection, "Halls", TEXT, attributes={
            "department": "hr", "sensitivity": "internal"})
        self.document, self.job = made["id"], made["job_id"]
        self.owner.wait_for([self.document])
        return means(self)

    def clear(self):
        for policy in self.request("GET", "/v1/policies")["data"]:
            self.request("DELETE", "/v1/policies/" + policy["id"])
        self.request("DELETE", "/v1/collections/" + self.collection)

    # --- readers

    def requests(self):
        asker = Asker(chance=random.Random(1), user=self.user["id"], documents=[self.document],
                      jobs=[self.job], collections=[self.collection],
                      visible_collections=[self.collection], names=["Halls"],
                      words=[WORD, "hall", "seven"], external_ids=["none"],
                      others=[self.group], policies=[], unknown=[])
        return [request for asked in CONTENT.values() for request in asked(asker)]

    def shows(self, request, answer):
        if answer.status != 200:
            return False
        # A collection's id may be in an answer to a question because it was in the question.
        signs = [b"hall seven", self.document.encode()]
        signs += [self.collection.encode()] if request[0] == "GET" else []
        return any(sign in answer.body for sign in signs)

    def keep_reading(self, place):
        client = QuickClient(self.server.port, key=None)
        for number in itertools.count(place * 7):
            turn = self.turn
            if self.finished:
                client.close()
                return
            if turn % 3 == CHANGING:
                self.changed.wait(0.01)
                continue
            requests = self.asked
            request = requests[number % len(requests)]
            client.key = self.credential
            try:
                shown = self.shows(request, client.request(*request, headers=self.headers))
            except Exception as error:
                self.failures.append(f"{request}: {error!r}")
                shown = False
            if turn != self.turn:
                continue
            if turn % 3 == GIVEN:
                self.shown += shown
            else:
                self.judged += 1
                if shown:
                    self.failures.append(f"{self.means}: {request}")
            self.seen[place] = turn

    def next_turn(self):
        self.turn += 1
        while self.turn % 3 != CHANGING and min(self.seen) < self.turn:
            self.changed.wait(0.001)

    def test_no_read_that_begins_afterwards_shows_anything(self):
        self.turn, self.seen, self.finished = CHANGING, [0] * READERS, False
        self.failures, self.shown, self.judged = [], 0, 0
        self.changed = threading.Event()  # never set: a wait that is short
        readers = [threading.Thread(target=self.keep_reading, args=(place,))
                   for place in range(READERS)]
        for reader in readers:
            reader.start()
        try:
            for race in range(RACES):
                means = self.MEANS[race % len(self.MEANS)]
                self.means = means.__name__
                end = self.begin(means)
                self.asked = self.requests()
                self.next_turn()
                (self.glazier.request if "break-glass" in end[1] else self.request)(*end)
                self.next_turn()
                self.next_turn()
                self.clear()
        finally:
            self.finished = True
            for reader in readers:
                reader.join()
        print(f"\n{RACES} revocations, {self.judged} reads begun afterwards, "
              f"{len(self.failures)} stale")
        self.assertEqual(self.failures, [])
        self.assertGreaterEqual(self.judged, RACES * READERS)
        self.assertGreater(self.shown, RACES)


if __name__ == "__main__":
    unittest.main()
