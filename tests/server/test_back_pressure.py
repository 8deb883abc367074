"""More than the server can take: it says so, and its memory stays where it was."""

import collections
import contextlib
import pathlib
import re
import threading
import time
import unittest

from wenyuan_server import Server

CLIENTS = 40
REQUESTS = 25
TEXT = "A sentence that is said many times. " * 3000  # about 100 kB


def resident_mib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


class BackPressure(unittest.TestCase):
    def flood(self, server, send):
        """How often each status was answered; each refusal must say when to come back."""
        statuses, wrong = collections.Counter(), []

        def run(number):
            client = server.client()
            for request in range(REQUESTS):
                answer = send(client, f"{number}x{request}")
                statuses[answer.status] += 1
                if answer.status in (429, 503) and "retry-after" not in answer.headers:
                    wrong.append(answer.headers)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(sum(statuses.values()), CLIENTS * REQUESTS)
        self.assertLessEqual(set(statuses), {200, 202, 429, 503}, statuses)
        return statuses

    def test_is_said_and_costs_no_memory(self):
        with Server() as server:
            collection_id = server.client().create_collection("Flood")["id"]
            path = f"/v1/collections/{collection_id}/documents"
            server.client().add_text(collection_id, "first", "The first one.")
            before = resident_mib(server.process)
            uploads = self.flood(server, lambda client, name: client.post(
                path, {"title": name, "text": f"{name} {TEXT}"}))
            searches = self.flood(server, lambda client, name: client.post(
                "/v1/search", {"query": f"sentence {name}", "mode": "keyword"}))
            self.assertGreater(uploads[202], 0)
            self.assertGreater(uploads[429] + searches[429], 0)
            grown = resident_mib(server.process) - before
            self.assertLess(grown, 400, "MiB more than before")
            # The limit is per key and second, so it is over soon.
            end = time.monotonic() + 30
            documents = None
            while documents is None and time.monotonic() < end:
                time.sleep(0.5)
                with contextlib.suppress(AssertionError):
                    documents = server.client().all_documents(collection_id)
            self.assertEqual(len(documents), uploads[202] + 1)


if __name__ == "__main__":
    unittest.main()
