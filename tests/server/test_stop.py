"""A server that is told to stop: what is in flight ends well, what is new is told to come back."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import time
import unittest

from wenyuan_server import ADMIN_KEY, Server


def settings(**values):
    """A file with these settings in a folder of its own, and the command line that names it."""
    file = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-test-"), "settings.toml")
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return file, ["--config", str(file)]


READER = "program"  # what wenyuan-extract is called in its sandbox


class SlowUpload:
    """A request whose body comes in pieces."""

    def __init__(self, server, collection_id, text):
        self.body = json.dumps({"title": "Slow", "text": text}).encode()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.putrequest("POST", f"/v1/collections/{collection_id}/documents")
        self.connection.putheader("Authorization", "Bearer " + ADMIN_KEY)
        self.connection.putheader("Content-Type", "application/json")
        self.connection.putheader("Content-Length", str(len(self.body)))
        self.connection.putheader("Expect", "100-continue")
        self.connection.endheaders()
        # From here on it is in flight.
        go_on = b""
        while not go_on.endswith(b"\r\n\r\n"):
            piece = self.connection.sock.recv(4096)
            assert piece, go_on
            go_on += piece
        assert go_on.startswith(b"HTTP/1.1 100"), go_on
        self.sent = 0
        self.send_more(10)

    def send_more(self, count=1):
        """The last byte is finish()'s."""
        end = min(self.sent + count, len(self.body) - 1)
        self.connection.send(self.body[self.sent:end])
        self.sent = end

    def finish(self):
        self.connection.send(self.body[self.sent:])
        return self.connection.getresponse()


class Stop(unittest.TestCase):
    def start(self, **values):
        file, arguments = settings(**values)
        self.addCleanup(shutil.rmtree, file.parent)
        # Without a model: what is embedded takes as long as it takes.
        server = Server(models=file.parent, arguments=arguments)
        self.addCleanup(lambda: server.__exit__(None, None, None))
        server.start()
        self.collection_id = server.client().create_collection("Stop")["id"]
        return server

    def refusal(self, server):
        """Waits until the server has heard the signal; gives its answer to something new."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            answer = server.client().get("/v1/collections")
            if answer.status != 200:
                return answer
            time.sleep(0.02)
        self.fail("the server goes on")

    def test_what_is_in_flight_ends_and_what_is_new_waits(self):
        server = self.start(stop_seconds=30)
        ready = server.client().add_text(self.collection_id, "One", "A word stands here.")
        server.client().wait_for([ready["id"]])
        upload = SlowUpload(server, self.collection_id, "This one was on its way.")
        server.process.terminate()
        refused = self.refusal(server)
        self.assertEqual(refused.status, 503)
        self.assertIn("retry-after", refused.headers)
        self.assertEqual(refused.json["code"], "unavailable")
        self.assertIn("stopping", refused.json["detail"])
        answer = upload.finish()
        body = answer.read()
        self.assertEqual(answer.status, 202, body)
        document_id = json.loads(body)["documents"][0]["id"]
        self.assertEqual(server.process.wait(30), 0)
        log = server.data / "wenyuan.db-wal"
        self.assertTrue(not log.exists() or log.stat().st_size == 0, "the log was not emptied")
        server.start()
        document = server.client().wait_for([document_id])[0]
        self.assertEqual(document["state"], "ready", document.get("error"))
        result = server.run("verify", "--deep", "--data", str(server.data))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_an_upload_that_has_fallen_silent_is_cut_off_and_others_end(self):
        server = self.start(stop_seconds=24)
        silent = SlowUpload(server, self.collection_id, "Nobody sends the rest of this.")
        going_on = SlowUpload(server, self.collection_id, "This one goes on, if slowly. " * 100)
        server.process.terminate()
        self.refusal(server)
        silent.connection.sock.settimeout(0.1)
        answer, piece = b"", None
        while piece != b"":
            going_on.send_more()
            with contextlib.suppress(TimeoutError):
                piece = silent.connection.sock.recv(65536)
                answer += piece
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertIn(b"connection: close", answer.lower())
        self.assertIn(b"stopping", answer)
        done = going_on.finish()
        body = done.read()
        self.assertEqual(done.status, 202, body)
        document_id = json.loads(body)["documents"][0]["id"]
        self.assertEqual(server.process.wait(30), 0)
        server.start()
        self.assertEqual([each["id"] for each in server.client().all_documents(self.collection_id)],
                         [document_id])

    def test_what_does_not_end_in_time_is_broken_off(self):
        server = self.start(stop_seconds=1)
        self.kept_open = SlowUpload(server, self.collection_id, "Nobody sends the rest of this.")
        began = time.monotonic()
        server.process.terminate()
        self.assertEqual(server.process.wait(120), 0)
        # Not what a read may take otherwise.
        self.assertLess(time.monotonic() - began, 25)
        server.start()
        self.assertEqual(server.client().all_documents(self.collection_id), [])

    def test_the_second_signal_ends_it_at_once(self):
        server = self.start(stop_seconds=600)
        kept = server.client().add_text(self.collection_id, "One", "A word stands here.")
        self.kept_open = SlowUpload(server, self.collection_id, "Nobody sends the rest of this.")
        server.process.terminate()
        self.refusal(server)
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.process.wait(10), 3)
        server.start()
        self.assertEqual(server.client().wait_for([kept["id"]])[0]["state"], "ready")
        result = server.run("verify", "--data", str(server.data))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_stream_gets_a_last_word_and_a_running_job_waits_again(self):
        server = self.start(stop_seconds=1)
        client = server.client()
        # A job that does not end: its reader is made to stand still as soon as it is there.
        document, stopped = None, []
        end = time.monotonic() + 30
        while not stopped and time.monotonic() < end:
            document = client.add_text(self.collection_id, "Big", "word " * 400_000)
            look_until = time.monotonic() + 2
            while not stopped and time.monotonic() < look_until:
                stopped = server.processes(READER)
                for process in stopped:
                    os.kill(process, signal.SIGSTOP)
        self.assertTrue(stopped, "no reader was seen")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", f"/v1/jobs/{document['job_id']}/events",
                           headers={"Authorization": "Bearer " + ADMIN_KEY})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        server.process.terminate()
        events = [line[6:].strip() for line in answer.read().decode().splitlines()
                  if line.startswith("event:")]
        self.assertEqual(events[-1], "error")
        self.assertEqual(server.process.wait(30), 0)
        server.start()
        state = server.client().wait_for([document["id"]])[0]
        self.assertEqual(state["state"], "ready", state.get("error"))

    def test_connections_that_only_wait_do_not_delay_it(self):
        server = self.start(stop_seconds=60)
        waiting = []
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200", connection.recv(4096))
            waiting.append(connection)
        began = time.monotonic()
        server.process.terminate()
        self.assertEqual(server.process.wait(50), 0)
        self.assertLess(time.monotonic() - began, 50)
        for connection in waiting:
            connection.close()


if __name__ == "__main__":
    unittest.main()
