"""What somebody may not see must not be felt: with and without hidden documents, every search of
another user gives the same bytes, except for ids and times."""

import json
import random
import re
import unittest

from wenyuan_server import Server

WORDS = ("pump valve torque diaphragm litre payment contract supplier invoice delivery warranty "
         "合同 付款 供应商 隔膜 年假 培训 报告 研发 hospital patient budget river steel copper").split()
QUERIES = ["pump torque", "payment of the invoice", "合同付款", "supplier warranty", "隔膜", "river",
           "budget report", "研发 培训", "steel copper delivery", "nothing of the kind"]


def text(random_source, size=60):
    return " ".join(random_source.choice(WORDS) for _ in range(size)) + "."


def without_ids_and_times(body):
    body = re.sub(rb'"took_ms":\s*[0-9.]+', b'"took_ms":0', body)
    body = re.sub(rb'"timings_ms":\s*\{[^}]*\}', b'"timings_ms":{}', body)
    return re.sub(rb'(doc|col|job|usr|rct|req)_[0-9a-z]{26}', b'ID', body)


class NonInterference(unittest.TestCase):
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
            return [self.comparable(answer) for answer in answers]

    @staticmethod
    def comparable(answer):
        body = without_ids_and_times(answer.body)
        body = re.sub(rb'"(created_at|updated_at)":\s*"[^"]*"', b'"time":0', body)
        body = re.sub(rb'"receipt_id":\s*"[^"]*"', b'"receipt_id":"ID"', body)
        return answer.status, body

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
