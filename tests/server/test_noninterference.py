"""What somebody may not see must not be felt.

Pairs: a random store is read by its users in every way that the contract has; then documents are
added that they may not see, which look like those that they may; then everything is read again, and
each answer must be the same, byte for byte. WENYUAN_PAIRS says how many (default 20; it must show
2,000), WENYUAN_PAIRS_FROM where to begin, so that several processes can share them.

Two servers: one with hidden documents from the beginning and one without give the same answers, with
real models, except for ids and times."""

import json
import os
import random
import re
import unittest

from random_world import allowed, some_attributes, some_rules
from read_routes import CONTENT, OTHERS, Asker, absent_like, ask_all, check_contract
from wenyuan_server import Server, ServerInMemory

PAIRS = int(os.environ.get("WENYUAN_PAIRS", "20"))
FROM = int(os.environ.get("WENYUAN_PAIRS_FROM", "0"))
WORDS = ("pump valve torque diaphragm litre payment contract supplier invoice delivery warranty "
         "合同 付款 供应商 隔膜 年假 培训 报告 研发 hospital patient budget river steel copper").split()
QUERIES = ["pump torque", "payment of the invoice", "合同付款", "supplier warranty", "隔膜", "river",
           "budget report", "研发 培训", "steel copper delivery", "nothing of the kind"]
DUTIES = ("auditor", "model_admin", "data_scientist", "admin")


def text(random_source, size=60, words=WORDS):
    return " ".join(random_source.choice(words) for _ in range(size)) + "."


class Pair:
    """A random store with two readers, and documents that are hidden from both."""

    def __init__(self, admin, number):
        self.admin, self.number, self.chance = admin, number, random.Random(f"pair {number}")
        self.seen, self.hidden = [], []  # documents
        self.rare = [f"rare{number}a", f"rare{number}b", f"rare{number}c"]
        self.make_people()
        self.make_rules()
        self.collections = [self.add_collection(name, self.admin, "organization")
                            for name in ("Manuals", "Contracts")]
        self.collections.append(self.add_collection("Mine", self.readers[0]["client"], "personal",
                                                    self.readers[0]["id"]))
        self.private = self.add_collection("Mine", self.other["client"], "personal",
                                           self.other["id"])
        self.fill()

    def make_people(self):
        chance, admin = self.chance, self.admin
        self.group = admin.must(201, admin.post("/v1/groups", {"name": f"g{self.number}"}))["id"]
        duty = chance.choice(DUTIES) if chance.random() < 0.3 else None
        self.readers, self.other = [], None
        for name, roles in (("reader", []), ("second", [duty] if duty else []), ("other", [])):
            attributes = some_attributes(chance, "clearance")
            if name == "reader":
                attributes.setdefault("clearance", "internal")
            user, client = admin.create_user(f"{name}{self.number}", attributes, roles)
            groups = [self.group] if name != "other" and chance.random() < 0.5 else []
            made = {"id": user["id"], "client": client, "attributes": attributes, "groups": groups,
                    "duty": bool(roles)}
            self.readers.append(made)
        self.other = self.readers.pop()
        members = [each["id"] for each in self.readers if each["groups"]]
        if members:
            admin.must(200, admin.patch(f"/v1/groups/{self.group}", {"members": members}))

    def make_rules(self):
        self.rules = some_rules(self.chance, self.group)
        self.policies = [self.admin.must(201, self.admin.post("/v1/policies", {
            "name": "rule", "text": rule.text}))["id"] for rule in self.rules]

    def add_collection(self, name, client, kind, owner="", attributes=None):
        if attributes is None:
            attributes = some_attributes(self.chance, "sensitivity") if kind != "personal" else {}
        made = client.create_collection(name, kind, attributes)
        return {"id": made["id"], "kind": kind, "owner": owner, "client": client, "name": name,
                "attributes": attributes}

    def document(self, collection, **more):
        own = some_attributes(self.chance, "sensitivity") if self.chance.random() < 0.6 else {}
        return {"collection": collection, "kind": collection["kind"], "owner": collection["owner"],
                "granted": [], "own": own, "label": {**collection["attributes"], **own}, **more}

    def can_read(self, reader, document):
        return allowed(self.rules, reader, document)

    def store_with_past(self, documents):
        """Those with an external id have a version before."""
        self.store([{**each, "text": text(self.chance, 25, [*WORDS, *self.rare]) + " before"}
                    for each in documents if each["external"]], "2019-01-01T00:00:00Z")
        self.store(documents)

    def store(self, documents, since="2021-01-01T00:00:00Z"):
        """Adds them, one request for each collection, and waits until they can be found."""
        places = {each["collection"]["id"]: each["collection"] for each in documents}
        for collection in places.values():
            some = [each for each in documents if each["collection"] is collection]
            client = collection["client"]
            added = client.must(202, client.post(f"/v1/collections/{collection['id']}/documents", {
                "documents": [{"title": each["title"], "text": each["text"],
                               "effective_from": since, "attributes": each["own"],
                               **({"external_id": each["external"]} if each["external"] else {})}
                              for each in some]}))["documents"]
            for each, made in zip(some, added):
                assert not made["duplicate"], each
                each["id"], each["job"] = made["id"], made["job_id"]
            for each in some:
                events = client.get(f"/v1/jobs/{each['job']}/events").body
                assert b"event: done" in events, events

    def grant(self, document, principal):
        client = document["collection"]["client"]
        client.must(201, client.post("/v1/grants", {
            "principal": principal, "role": "reader", "resource": document["id"]}))

    def fill(self):
        chance = self.chance
        for number in range(chance.randrange(3, 7)):
            self.seen.append(self.document(
                chance.choice(self.collections), title=f"Note {number}",
                text=text(chance, 25, [*WORDS, *self.rare]),
                external=f"x{number}" if chance.random() < 0.4 else None))
        # One that the reader reads for certain.
        self.seen.append(self.document(self.collections[2], title="Note", external="own",
                                       text=text(chance, 25, [*WORDS, *self.rare])))
        self.store_with_past(self.seen)
        for document in self.seen:
            # Grants on what is in the other's hands alone: the collection's owner gives them.
            if chance.random() < 0.2:
                document["granted"].append(chance.choice(self.readers)["id"])
                self.grant(document, document["granted"][0])
        self.plan_hidden()

    def twin(self, place, number):
        """A document for this place that resembles one that is seen."""
        model, kind = self.chance.choice(self.seen), self.chance.randrange(5)
        made = {"title": model["title"], "text": model["text"], "external": model["external"]}
        if kind == 0:
            made.update(title=f"Secret {number}", external=None,
                        text=text(self.chance, 40, [*WORDS, *self.rare]))
        elif kind == 1:
            made["text"] = " ".join(made["text"].split()[:-1] + [self.rare[0]])
        elif kind == 2:
            made["text"] = " ".join(self.rare * 20)
        if place["id"] == model["collection"]["id"]:
            # Otherwise it would be a new version of that document, or the document itself.
            made["external"] = f"h{number}"
        elif made["external"] in self.external_ids_in(place):
            made["external"] = f"h{number}"
        elif any(made["text"] == each["text"] for each in (*self.seen, *self.hidden)
                 if each["collection"] is place):
            made["external"] = f"h{number}"
        return made

    def external_ids_in(self, place):
        return {each["external"] for each in (*self.seen, *self.hidden)
                if each["collection"] is place}

    def plan_hidden(self):
        # Under the same name as one that is seen; made only when its documents are.
        self.secret = {"id": None, "kind": "organization", "owner": "", "name": "Manuals",
                       "client": self.admin, "attributes": {"sensitivity": "secret"}}
        places = [*self.collections[:2], self.private, self.secret]
        wanted = self.chance.randrange(2, 6)
        for number in range(200):
            if len(self.hidden) == wanted:
                break
            place = self.chance.choice(places)
            document = self.document(place, **self.twin(place, number))
            if not any(self.can_read(reader, document) for reader in self.readers):
                self.hidden.append(document)
        if len(self.hidden) < wanted:
            place = self.private
            self.hidden.append(self.document(place, **self.twin(place, 200)))

    def add_hidden(self):
        if any(each["collection"] is self.secret for each in self.hidden):
            self.secret["id"] = self.admin.create_collection(
                "Manuals", "organization", self.secret["attributes"])["id"]
        self.store_with_past(self.hidden)
        for document in self.hidden:
            if self.chance.random() < 0.3:  # a compartment of its own, for somebody else
                self.grant(document, self.other["id"])

    def change_hidden(self):
        """Titles, versions and deletions of what is hidden are not felt either."""
        for document in self.hidden:
            client, change = document["collection"]["client"], self.chance.randrange(4)
            path = f"/v1/documents/{document['id']}"
            if change == 0:
                client.delete(path)
            elif change == 1:
                client.patch(path, {"title": "Note 0"})
            elif change == 2 and document["external"]:
                document = {**document, "text": text(self.chance, 30, self.rare)}
                self.store([document])

    def asker(self, reader, exists):
        """`exists`: whether the hidden documents are there; if not, ids that are nobody's."""
        chance = random.Random(f"asker {self.number} {reader['id']}")
        seen, hidden, secret = chance.sample(self.seen, 3), self.hidden[:3], self.secret["id"]
        absent = {kind: absent_like(kind + "_" + "0" * 26) for kind in ("doc", "job", "col")}
        documents = [each["id"] if exists else absent["doc"] for each in hidden]
        jobs = [each["job"] if exists else absent["job"] for each in hidden[:2]]
        collection = secret if exists and secret else absent["col"]
        return Asker(
            chance=chance, user=reader["id"], words=[*self.rare, *WORDS[:6]],
            documents=[each["id"] for each in seen] + documents,
            jobs=[each["job"] for each in seen[:2]] + jobs,
            collections=[each["id"] for each in self.collections]
            + [self.private["id"], collection],
            unknown=[*documents, *jobs, collection],
            visible_collections=sorted({each["collection"]["id"] for each in self.seen
                                        if self.can_read(reader, each)}),
            names=["Manuals", "Mine", "Nothing"],
            external_ids=[*(each["external"] for each in self.seen if each["external"]), "h1"],
            others=[self.other["id"], self.group], policies=self.policies[:1])

    def ask(self, exists):
        """Everything that each of the readers is shown."""
        answers = []
        for reader in self.readers:
            routes = CONTENT if reader["duty"] else CONTENT | OTHERS
            answers += ask_all(reader["client"], self.asker(reader, exists), routes)
        return answers

    def write(self):
        """The reader stores the very bytes that are hidden, and erases them again."""
        client, mine = self.readers[0]["client"], self.collections[2]
        hidden = self.hidden[0]
        body = {"title": hidden["title"], "text": hidden["text"], "external_id": "probe"}
        added = client.post(f"/v1/collections/{mine['id']}/documents", body)
        made = added.json["documents"][0]
        events = client.get(f"/v1/jobs/{made['job_id']}/events")
        shown = client.get(f"/v1/documents/{made['id']}")
        chunks = client.get(f"/v1/documents/{made['id']}/chunks")
        erased = client.delete(f"/v1/documents/{made['id']}")
        last = events.body.rstrip().split(b"\n\n")[-1]  # how many came before depends on the pace
        return [(answer.status, without_ids_and_times(body)) for answer, body in (
            (added, added.body), (events, last), (shown, shown.body), (chunks, chunks.body),
            (erased, erased.body))]

    def remove(self):
        for policy in self.policies:
            self.admin.delete(f"/v1/policies/{policy}")
        for collection in (*self.collections, self.private, self.secret):
            if collection["id"]:
                collection["client"].delete(f"/v1/collections/{collection['id']}")
        for person in (*self.readers, self.other):
            self.admin.delete(f"/v1/users/{person['id']}")
            person["client"].close()
        self.admin.delete(f"/v1/groups/{self.group}")


def without_ids_and_times(body):
    body = re.sub(rb'"took_ms":\s*[0-9.]+', b'"took_ms":0', body)
    body = re.sub(rb'"timings_ms":\s*\{[^}]*\}', b'"timings_ms":{}', body)
    body = re.sub(rb'"(created_at|updated_at|erased_at)":\s*"[^"]*"', b'"time":0', body)
    body = re.sub(rb'"audit_hash":\s*"[^"]*"', b'"audit_hash":""', body)
    # The same in a signed receipt, and the signature over it.
    body = re.sub(rb'\\n(erased|record) [^\\]*', rb'\\n\1 0', body)
    body = re.sub(rb'(\\n\xe2\x80\x94 wenyuan[^ ]* )[A-Za-z0-9+/=]+', rb'\1', body)
    return re.sub(rb'(doc|col|job|usr|rct|req)_[0-9a-z]{26}', b'ID', body)


class Pairs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerInMemory()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.quick_client()

    def test_every_route_that_reads_is_asked(self):
        for complaint in check_contract():
            with self.subTest():
                self.fail(complaint)

    def compare(self, before, after, when):
        self.assertEqual(len(before), len(after))
        for (_, request, answer, _), (_, _, other, _) in zip(before, after):
            self.assertEqual(answer, other, f"{when}: {request}")

    def test_hidden_documents_change_no_answer(self):
        compared, found, routes = 0, 0, set()
        for number in range(FROM, FROM + PAIRS):
            pair = Pair(self.admin, number)
            with self.subTest(pair=number, rules=[rule.text for rule in pair.rules]):
                wrote = pair.write() if number % 4 == 0 else None
                before = pair.ask(exists=False)
                pair.add_hidden()
                for reader in pair.readers:
                    for document in pair.hidden:
                        status = reader["client"].get("/v1/documents/" + document["id"]).status
                        self.assertEqual(status, 404, "the pair is none")
                self.compare(before, pair.ask(exists=True), "hidden documents were added")
                if number % 3 == 0:
                    pair.change_hidden()
                    self.compare(before, pair.ask(exists=True), "hidden documents were changed")
                if wrote is not None:
                    self.assertEqual(wrote, pair.write(), "the same bytes are hidden")
                compared += len(before)
                routes |= {route for route, _, _, answer in before}
                found += sum(len(answer.json["results"]) for route, _, _, answer in before
                             if route == ("post", "/v1/search") and answer.status == 200)
            pair.remove()
        print(f"\n{PAIRS} pairs, {compared} answers compared, {found} results among them")
        self.assertGreater(found, 4 * PAIRS)  # the comparison was of something
        self.assertEqual(routes, set(CONTENT) | set(OTHERS))


class TwoServers(unittest.TestCase):
    def responses(self, with_hidden):
        source = random.Random(2026)
        with Server() as server:
            admin = server.client()
            admin.must(201, admin.post("/v1/policies", {
                "name": "need to know", "description": "by department and clearance",
                "text": "allow if user.department == resource.department and "
                        "user.clearance >= resource.sensitivity"}))
            _, reader = admin.create_user("reader", {"department": "service", "clearance": 2})
            seen = admin.create_collection("Service", "organization",
                                           {"department": "service", "sensitivity": 1})
            hidden = admin.create_collection("Research", "organization",
                                             {"department": "research", "sensitivity": 3})
            waiting = []
            for number in range(24):
                body = text(source)
                waiting.append(admin.add_text(seen["id"], f"Service note {number}", body)["id"])
                hidden_body = text(source, 80)
                if with_hidden:
                    waiting.append(admin.add_text(hidden["id"], f"Secret {number}",
                                                  hidden_body)["id"])
                    # Hidden inside the visible collection too: too sensitive for the reader.
                    waiting.append(admin.add_text(seen["id"], f"Sealed {number}", hidden_body,
                                                  attributes={"sensitivity": 9})["id"])
                if number % 8 == 0:
                    admin.wait_for(waiting)
            admin.wait_for(waiting)
            answers = []
            for query in QUERIES:
                for mode in ("keyword", "semantic", "hybrid"):
                    answers.append(reader.post("/v1/search", {
                        "query": query, "mode": mode, "limit": 20}))
                answers.append(reader.post("/v1/ask", {"question": query, "seed": 1}))
            answers.append(reader.get("/v1/collections"))
            answers.append(reader.get(f"/v1/collections/{seen['id']}/documents?limit=200"))
            return [(answer.status, without_ids_and_times(answer.body)) for answer in answers]

    def test_hidden_documents_cannot_be_felt(self):
        without = self.responses(with_hidden=False)
        with_hidden = self.responses(with_hidden=True)
        self.assertEqual(len(without), len(with_hidden))
        found = 0
        for (status, body), (other_status, other_body) in zip(without, with_hidden):
            self.assertEqual(status, other_status)
            self.assertEqual(body, other_body)
            if status == 200 and b'"results"' in body:
                found += len(json.loads(body)["results"])
        self.assertGreater(found, 100)  # the comparison was of something


if __name__ == "__main__":
    unittest.main()
