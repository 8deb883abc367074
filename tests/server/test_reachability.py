"""What can be reached is what the policy allows: random stores and users, every way of reading.

WENYUAN_REACH_STORES and WENYUAN_REACH_USERS say how many of each (default 2 and 12)."""

import os
import random
import unittest

from wenyuan_server import Server

STORES = int(os.environ.get("WENYUAN_REACH_STORES", "2"))
USERS = int(os.environ.get("WENYUAN_REACH_USERS", "12"))
DEPARTMENTS = ("hr", "it", "law")
LEVELS = ("public", "internal", "confidential", "secret")
POLICIES = (
    "allow if user.department == resource.department and user.clearance >= resource.sensitivity",
    'permit(principal, action == Action::"read", resource) '
    "when { resource has sensitivity && resource.sensitivity == 0 };",
    'deny if user.clearance == "public" and resource.sensitivity == "secret"',
    'forbid(principal, action, resource) when { resource has project && resource.project == "x" } '
    'unless { principal has project && principal.project == "x" };',
)


def some_attributes(chance, level):
    attributes = {}
    if chance.random() < 0.8:
        attributes["department"] = chance.choice(DEPARTMENTS)
    if chance.random() < 0.85:
        attributes[level] = chance.choice(LEVELS)
    if chance.random() < 0.2:
        attributes["project"] = "x"
    return attributes


def allowed(user, document):
    """The policies above, by hand: a rule that cannot be decided allows nothing, or denies."""
    mine, its = user["attributes"], document["label"]
    if document["collection"]["kind"] == "personal":
        return document["collection"]["owner"] == user["id"] or document["granted"] == user["id"]
    if "clearance" not in mine:
        return False  # the short deny cannot be decided
    if mine["clearance"] == "public" and its.get("sensitivity", "secret") == "secret":
        return False  # nor can it without a sensitivity
    if its.get("project") == "x" and mine.get("project") != "x":
        return False
    if document["granted"] == user["id"] or its.get("sensitivity") == "public":
        return True
    return ("department" in mine and mine["department"] == its.get("department")
            and "sensitivity" in its
            and LEVELS.index(mine["clearance"]) >= LEVELS.index(its["sensitivity"]))


class Reachability(unittest.TestCase):
    def make_store(self, chance, admin):
        users = []
        for number in range(USERS):
            attributes = some_attributes(chance, "clearance")
            user, client = admin.create_user(f"user{number}", attributes)
            users.append({"id": user["id"], "client": client, "attributes": attributes})
        collections = []
        for number in range(6):
            kind = "personal" if number % 3 == 0 else "organization"
            attributes = some_attributes(chance, "sensitivity")
            owner = chance.choice(users) if kind == "personal" else {"client": admin, "id": "admin"}
            made = owner["client"].create_collection(f"Collection {number}", kind, attributes)
            collections.append({"id": made["id"], "kind": kind, "attributes": attributes,
                                "owner": owner["id"], "client": owner["client"]})
        documents = []
        for number in range(30):
            collection = chance.choice(collections)
            own = some_attributes(chance, "sensitivity") if chance.random() < 0.5 else {}
            made = collection["client"].add_text(
                collection["id"], f"Note {number}", f"The pump number{number} stands here.",
                attributes=own)
            granted = chance.choice(users)["id"] if chance.random() < 0.15 else None
            documents.append({"id": made["id"], "collection": collection, "number": number,
                              "label": {**collection["attributes"], **own}, "granted": granted})
        for document in documents:
            document["collection"]["client"].wait_for([document["id"]])
            if document["granted"]:
                client = document["collection"]["client"]
                client.must(201, client.post("/v1/grants", {
                    "principal": document["granted"], "role": "reader",
                    "resource": document["id"]}))
        # Last, as the one who adds all this has no clearance either.
        for number, text in enumerate(POLICIES):
            admin.must(201, admin.post("/v1/policies", {"name": f"rule {number}", "text": text}))
        return users, documents

    def check_user(self, user, documents):
        client = user["client"]
        wanted = {d["id"] for d in documents if allowed(user, d)}
        for document in documents:
            status = 200 if document["id"] in wanted else 404
            for part in ("", "/content", "/chunks", "/versions"):
                self.assertEqual(client.get(f"/v1/documents/{document['id']}{part}").status, status,
                                 (user["attributes"], document))
        listed = set()
        for collection in client.must(200, client.get("/v1/collections?limit=200"))["data"]:
            listed |= {d["id"] for d in client.all_documents(collection["id"])}
        self.assertEqual(listed, wanted)
        for mode in ("keyword", "hybrid"):
            hits = client.search("pump", mode=mode, limit=100)["results"]
            found = {hit["document_id"] for hit in hits}
            self.assertEqual(found, wanted, mode)
        for document in documents[::5]:
            answer = client.ask(f"Where is the pump number{document['number']}?", seed=1)
            cited = {c["document_id"] for c in answer["citations"]}
            cited |= {p["document_id"] for p in answer["passages"]}
            self.assertLessEqual(cited, wanted)

    def test_every_way_of_reading_shows_what_the_policy_allows(self):
        for number in range(STORES):
            chance = random.Random(number)
            with Server(arguments=("--requests-per-second", "100000")) as server:
                users, documents = self.make_store(chance, server.client())
                reached = 0
                for user in users:
                    with self.subTest(store=number, user=user["attributes"]):
                        self.check_user(user, documents)
                    reached += sum(allowed(user, d) for d in documents)
                self.assertGreater(reached, len(users))
                self.assertLess(reached, len(users) * len(documents))


if __name__ == "__main__":
    unittest.main()
