"""What can be reached is what the policy allows: random policies, stores and users, every way of
reading. What the policies mean is worked out by hand in random_world.py.

WENYUAN_REACH_STORES and WENYUAN_REACH_USERS say how many of each (default 2 and 10; it must show
200 and 50), WENYUAN_REACH_FROM where to begin, so that several processes can share them. Every
user lists, searches, and asks for each document: by one of the routes that show a
document, in turn, or by all of them when there are few users."""

import concurrent.futures
import os
import random
import unittest

from random_world import allowed, some_attributes, some_rules
from wenyuan_server import ServerInMemory

STORES = int(os.environ.get("WENYUAN_REACH_STORES", "2"))
FROM = int(os.environ.get("WENYUAN_REACH_FROM", "0"))
USERS = int(os.environ.get("WENYUAN_REACH_USERS", "10"))
DOCUMENTS = 30
WAYS = ("/v1/documents/{id}", "/v1/documents/{id}/content", "/v1/documents/{id}/chunks",
        "/v1/documents/{id}/versions", "/v1/jobs/{job}", "/v1/jobs/{job}/events")


class Store:
    """Users, collections, documents, grants, and policies last: whoever adds all this has no
    clearance either."""

    def __init__(self, admin, number):
        self.admin, self.number, self.chance = admin, number, random.Random(number)
        self.users, self.collections, self.documents = [], [], []
        self.group = admin.must(201, admin.post("/v1/groups", {"name": f"group {number}"}))["id"]
        self.add_users()
        self.add_collections()
        self.add_documents()
        self.add_grants()
        # "read" half of the time, else everything is denied.
        denies = self.chance.choice((("deny", "action"), ("deny read", 'action == Action::"read"')))
        self.rules = some_rules(self.chance, self.group, *denies)
        self.policies = [admin.must(201, admin.post("/v1/policies", {
            "name": "rule", "text": rule.text}))["id"] for rule in self.rules]

    def add_users(self):
        for number in range(USERS):
            attributes = some_attributes(self.chance, "clearance")
            user, client = self.admin.create_user(f"user {self.number} {number}", attributes)
            groups = [self.group] if self.chance.random() < 0.3 else []
            self.users.append({"id": user["id"], "client": client, "attributes": attributes,
                               "groups": groups})
        members = [user["id"] for user in self.users if user["groups"]]
        self.admin.must(200, self.admin.patch(f"/v1/groups/{self.group}", {"members": members}))

    def add_collections(self):
        for number in range(6):
            kind = "personal" if number % 3 == 0 else "organization"
            attributes = some_attributes(self.chance, "sensitivity")
            owner = (self.chance.choice(self.users) if kind == "personal"
                     else {"client": self.admin, "id": "admin"})
            made = owner["client"].create_collection(f"Collection {number}", kind, attributes)
            self.collections.append({
                "id": made["id"], "kind": kind, "attributes": attributes, "owner": owner["id"],
                "client": owner["client"], "documents": [], "granted": []})

    def add_documents(self):
        for number in range(DOCUMENTS):
            collection = self.chance.choice(self.collections)
            own = some_attributes(self.chance, "sensitivity") if self.chance.random() < 0.5 else {}
            document = {"number": number, "collection": collection, "kind": collection["kind"],
                        "owner": collection["owner"], "granted": [], "own": own,
                        "label": {**collection["attributes"], **own}}
            collection["documents"].append(document)
            self.documents.append(document)
        for collection in self.collections:
            if not collection["documents"]:
                continue
            client = collection["client"]
            added = client.must(202, client.post(f"/v1/collections/{collection['id']}/documents", {
                "documents": [{"title": f"Note {each['number']}", "attributes": each["own"],
                               "text": f"The pump number{each['number']} stands here."}
                              for each in collection["documents"]]}))["documents"]
            for document, made in zip(collection["documents"], added):
                document["id"], document["job"] = made["id"], made["job_id"]
            for document in collection["documents"]:
                self.wait_for(client, document)

    @staticmethod
    def wait_for(client, document):
        events = client.get(f"/v1/jobs/{document['job']}/events").body
        assert b"event: done" in events, events

    def add_grants(self):
        for document in self.documents:
            if self.chance.random() < 0.15:
                self.grant(document["collection"]["client"], document["id"], [document])
        collection = self.chance.choice(self.collections)
        if self.chance.random() < 0.5:
            self.grant(collection["client"], collection["id"], collection["documents"])

    def grant(self, client, resource, opened):
        principal = self.chance.choice([self.group, *(user["id"] for user in self.users)])
        client.must(201, client.post("/v1/grants", {
            "principal": principal, "role": "reader", "resource": resource}))
        for document in opened:
            document["granted"].append(principal)

    def wanted(self, user):
        return {each["id"] for each in self.documents if allowed(self.rules, user, each)}

    def remove(self):
        for policy in self.policies:
            self.admin.must(204, self.admin.delete(f"/v1/policies/{policy}"))
        for collection in self.collections:
            collection["client"].must(
                200, collection["client"].delete(f"/v1/collections/{collection['id']}"))
        for user in self.users:
            user["client"].close()
            self.admin.must(204, self.admin.delete(f"/v1/users/{user['id']}"))
        self.admin.must(204, self.admin.delete(f"/v1/groups/{self.group}"))


class Reachability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerInMemory()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def check_documents(self, user, wanted, store):
        client, place = user["client"], store.users.index(user)
        for document in store.documents:
            status = 200 if document["id"] in wanted else 404
            if document["owner"] == user["id"]:
                ways = WAYS[:4]  # who began a job always sees it
            else:
                ways = WAYS
            if USERS > 12:
                ways = ways[(place + document["number"]) % len(ways):][:1]
            for way in ways:
                path = way.format(id=document["id"], job=document["job"])
                self.assertEqual(client.get(path).status, status, (path, document))

    def check_lists(self, user, wanted, store):
        client, listed = user["client"], set()
        collections = client.must(200, client.get("/v1/collections?limit=200"))["data"]
        for collection in collections:
            listed |= {each["id"] for each in client.all_documents(collection["id"])}
        self.assertEqual(listed, wanted)
        models = {model["id"] for model in client.must(200, client.get("/v1/models"))["data"]}
        self.assertEqual({model.removeprefix("wenyuan/") for model in models
                          if model.startswith("wenyuan/")},
                         {collection["id"] for collection in collections})
        with_documents = {each["collection"]["id"] for each in store.documents
                          if each["id"] in wanted}
        self.assertLessEqual(with_documents, {collection["id"] for collection in collections})

    def check_questions(self, user, wanted, store):
        client = user["client"]
        for mode in ("keyword", "hybrid"):
            hits = client.search("pump", mode=mode, limit=100)["results"]
            self.assertEqual({hit["document_id"] for hit in hits}, wanted, mode)
        place = store.users.index(user)
        for document in store.documents[place % 10::10 if USERS <= 12 else DOCUMENTS]:
            question = f"Where is the pump number{document['number']}?"
            answer = client.ask(question, seed=1)
            shown = {each["document_id"] for each in answer["citations"] + answer["passages"]}
            self.assertLessEqual(shown, wanted)
            hits = client.search(f"number{document['number']}", mode="keyword")["results"]
            self.assertEqual({hit["document_id"] for hit in hits}, {document["id"]} & wanted)
            answer = client.must(200, client.post("/v1/chat/completions", {
                "model": "wenyuan", "seed": 1,
                "messages": [{"role": "user", "content": question}]}))
            self.assertLessEqual({each["document_id"] for each in answer["citations"]}, wanted)

    def check_user(self, user, store):
        wanted = store.wanted(user)
        try:
            self.check_documents(user, wanted, store)
            self.check_lists(user, wanted, store)
            self.check_questions(user, wanted, store)
        except AssertionError as error:
            raise AssertionError(f"store {store.number}, user {user['attributes']} "
                                 f"{user['groups']}, {[rule.text for rule in store.rules]}: "
                                 f"{error}") from error
        return len(wanted)

    def test_every_way_of_reading_shows_what_the_policy_allows(self):
        reached, decisions = 0, STORES * USERS * DOCUMENTS
        admin = self.server.quick_client()
        for number in range(FROM, FROM + STORES):
            store = Store(admin, number)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for count in pool.map(lambda user: self.check_user(user, store), store.users):
                    reached += count
            store.remove()
        print(f"\n{STORES} stores, {USERS} users: {reached} of {decisions} decisions allow")
        self.assertGreater(reached, decisions // 20)
        self.assertLess(reached, decisions * 19 // 20)


if __name__ == "__main__":
    unittest.main()
