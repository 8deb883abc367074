"""The audit log of a running server: who may read it, what proves it, and what happens when it cannot be kept."""

import base64
import contextlib
import datetime
import hashlib
import http.client
import http.server
import json
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from wenyuan_server import Client, Server

SECRET = "Where does the zanzibarian quokka sleep?"


def leaf_hash(record):
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_proof(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2."""
    last, made = size - 1, leaf
    for each in proof:
        assert last != 0
        if index & 1 or index == last:
            made = node_hash(each, made)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            made = node_hash(made, each)
        index, last = index >> 1, last >> 1
    assert last == 0
    return made


def canonical(record):
    """docs/formats/audit.md, for records without sealed texts."""
    def text(value):
        raw = value.encode()
        return struct.pack("<I", len(raw)) + raw
    millis = int(round(time_of(record["time"]) * 1000))
    made = text("wenyuan audit record 2") + struct.pack("<qq", record["number"], millis)
    for field in ("action", "outcome", "class", "actor_id", "key_id", "object_id", "request_id"):
        made += text(record.get(field) or "")
    return made + text(json.dumps(record["details"], sort_keys=True, separators=(",", ":"),
                                  ensure_ascii=False)) + text("")


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        cls.auditor_user, cls.auditor = cls.admin.create_user("otto", roles=["auditor"])
        cls.user, cls.ann = cls.admin.create_user("ann")
        collection = cls.ann.create_collection("Animals")
        document = cls.ann.add_text(collection["id"], "Quokkas",
                                    "The zanzibarian quokka sleeps under the old fig tree.")
        cls.document = cls.ann.wait_for([document["id"]])[0]
        cls.ann.search("quokka")
        cls.ann.ask(SECRET)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-audit-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.key = cls.folder / "audit.pub"
        cls.key.write_bytes((cls.server.data / "audit.pub").read_bytes())

    def export(self, query="", client=None, name="export.jsonl"):
        answer = (client or self.auditor).get("/v1/audit/export" + query)
        self.assertEqual(answer.status, 200, answer.body[:500])
        path = self.folder / name
        path.write_bytes(answer.body)
        return path

    def verify(self, path, *more):
        return self.server.run("audit", "verify", "--export", str(path), "--key", str(self.key),
                               *more)

    def events(self, query="", client=None):
        client = client or self.auditor
        return client.must(200, client.get("/v1/audit/events?limit=200" + query))["data"]

    def test_only_auditors_and_administrators_read_it(self):
        for path in ("/v1/audit/events", "/v1/audit/checkpoints", "/v1/audit/export",
                     "/v1/audit/proofs?leaf=0&size=1", "/v1/audit/holds"):
            self.assertEqual(self.ann.get(path).status, 403, path)
            for client in (self.admin, self.auditor):
                self.assertIn(client.get(path).status, (200, 404), path)
        self.assertEqual(self.ann.post("/v1/audit/holds", {"reason": "x"}).status, 403)
        # An administrator sees what was done, and not what was written.
        self.assertEqual(self.admin.get("/v1/audit/events?personal=true").status, 403)
        self.assertEqual(self.admin.get("/v1/audit/export?personal=true").status, 403)

    def test_questions_and_answers_are_there_and_sealed(self):
        answers = self.events("&action=answer&actor_id=" + self.user["id"])
        self.assertEqual(len(answers), 1)
        self.assertIsNone(answers[0]["personal"])
        self.assertNotIn("quokka", json.dumps(answers[0]))
        opened = self.events("&personal=true&action=answer&actor_id=" + self.user["id"])[0]
        self.assertEqual(opened["personal"]["question"], SECRET)
        self.assertIn("quokka", opened["personal"]["answer"])
        self.assertTrue(opened["personal"]["address"])
        asked = self.events("&personal=true&action=ask")[0]
        self.assertEqual(asked["personal"]["question"], SECRET)
        self.assertTrue(self.events("&action=server.start"))
        # Opening them is itself in the log.
        self.assertTrue([each for each in self.events("&action=audit.read")
                         if each["details"].get("personal")])

    def test_filters_choose(self):
        self.assertEqual(self.ann.get("/v1/documents/doc_" + "0" * 26).status, 404)
        refused = self.events("&outcome=refused")
        self.assertTrue(refused)
        self.assertEqual({each["outcome"] for each in refused}, {"refused"})
        self.assertEqual({each["class"] for each in self.events("&class=question")}, {"question"})
        for bad in ("outcome=perhaps", "personal=maybe", "after=yesterday"):
            self.assertEqual(self.auditor.get("/v1/audit/events?" + bad).status, 400, bad)

    def test_an_export_proves_itself_without_a_server(self):
        for query in ("", "?personal=true", "?proofs=false", "?first=3&last=7",
                      "?action=search"):
            result = self.verify(self.export(query))
            self.assertEqual(result.returncode, 0, (query, result.stdout, result.stderr))
        path = self.export("?personal=true")
        self.assertIn(SECRET, path.read_text())
        self.assertNotIn(SECRET, self.export().read_text())

    def test_an_edited_export_is_found_out(self):
        path = self.export()
        lines = path.read_text().splitlines(keepends=True)
        edits = {
            "was changed": lines[:3] + [lines[3].replace('"outcome":"allowed"',
                                                         '"outcome":"refused"')] + lines[4:],
            "audit record 3 is missing": lines[:3] + lines[4:],
            "audit record 2 is there twice": lines[:3] + [lines[2]] + lines[3:],
            "cut off": lines[:-1],
        }
        for message, edited in edits.items():
            path.write_text("".join(edited))
            result = self.verify(path)
            self.assertEqual(result.returncode, 1, message)
            self.assertIn(message, result.stdout)

    def test_an_export_as_ocsf_goes_with_its_checkpoint(self):
        self.export()  # makes a checkpoint
        newest = self.auditor.must(200, self.auditor.get("/v1/audit/checkpoints"))["data"][0]
        note = self.folder / "note"
        note.write_text(newest["note"])
        path = self.export(f"?format=ocsf&size={newest['size']}", name="export.ocsf")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(len(lines), newest["size"])
        self.assertIn(6003, {line["class_uid"] for line in lines})
        result = self.verify(path, "--checkpoint", str(note))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(self.verify(path).returncode, 2)  # no checkpoint

    def test_proofs_lead_to_signed_roots(self):
        self.export()
        checkpoints = self.auditor.must(200, self.auditor.get("/v1/audit/checkpoints"))
        newest = checkpoints["data"][0]
        self.assertTrue(newest["note"].startswith(checkpoints["origin"] + "\n"))
        for leaf in (0, 1, newest["size"] - 1):
            proof = self.auditor.must(200, self.auditor.get(
                f"/v1/audit/proofs?leaf={leaf}&size={newest['size']}"))
            hashes = [base64.b64decode(each) for each in proof["proof"]]
            made = root_from_proof(base64.b64decode(proof["leaf_hash"]), leaf, newest["size"],
                                   hashes)
            self.assertEqual(base64.b64encode(made).decode(), newest["root"])
        proof = self.auditor.must(200, self.auditor.get(
            f"/v1/audit/proofs?first=1&second={newest['size']}"))
        self.assertEqual(proof["second_root"], newest["root"])
        # The page says how a leaf is made: the start of the server has nothing sealed.
        start = self.events("&action=server.start")[-1]
        self.assertEqual(leaf_hash(canonical(start)).hex(), start["hash"])
        for bad in ("", "?leaf=0", "?leaf=5&size=5", "?leaf=0&size=99999999", "?first=3&second=2",
                    "?leaf=0&first=1&size=2&second=2"):
            self.assertEqual(self.auditor.get("/v1/audit/proofs" + bad).status, 400, bad)

    def test_erasing_a_user_erases_their_texts_and_no_proof(self):
        user, client = self.admin.create_user("gone")
        client.search("something private of mine")
        before = self.events("&personal=true&action=search&actor_id=" + user["id"])[0]
        self.assertEqual(before["personal"]["question"], "something private of mine")
        for key in self.admin.must(200, self.admin.get(
                "/v1/api-keys?user_id=" + user["id"]))["data"]:
            self.admin.delete("/v1/api-keys/" + key["id"])
        self.assertEqual(self.admin.delete("/v1/users/" + user["id"]).status, 204)
        after = self.events("&personal=true&action=search&actor_id=" + user["id"])[0]
        self.assertEqual(after["personal"], {})
        self.assertTrue(after["erased"])
        self.assertEqual(after["hash"], before["hash"])
        self.assertEqual(self.verify(self.export()).returncode, 0)

    def test_holds_are_kept_and_released(self):
        hold = self.auditor.must(201, self.auditor.post(
            "/v1/audit/holds", {"subject_id": self.user["id"], "reason": "case 7"}))
        listed = self.auditor.must(200, self.auditor.get("/v1/audit/holds"))["data"]
        self.assertIn(hold["id"], [each["id"] for each in listed])
        self.assertEqual(self.auditor.delete("/v1/audit/holds/" + hold["id"]).status, 204)
        self.assertEqual(self.auditor.delete("/v1/audit/holds/" + hold["id"]).status, 404)

    def test_the_data_directory_verifies_while_the_server_runs(self):
        result = self.server.run("audit", "verify", "--data", str(self.server.data), "--json")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertGreater(json.loads(result.stdout)["records"], 5)
        key = self.server.run("audit", "key", "--data", str(self.server.data))
        checkpoints = self.auditor.must(200, self.auditor.get("/v1/audit/checkpoints"))
        self.assertEqual(key.stdout.strip(), checkpoints["key"])


class NoAuditNoAnswer(unittest.TestCase):
    def config(self, text):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-audit-"))
        self.addCleanup(shutil.rmtree, folder)
        path = folder / "wenyuan.toml"
        path.write_text(text.replace("FOLDER", str(folder)))
        return folder, path

    def wait_for(self, wanted, client, path="/v1/collections", seconds=90):
        end = time.monotonic() + seconds
        while True:
            status = client.get(path).status
            if status == wanted:
                return
            self.assertLess(time.monotonic(), end, f"{path} still gives {status}")
            time.sleep(0.2)

    def test_requests_fail_while_a_required_sink_is_broken(self):
        folder, path = self.config('audit_sinks = ["file:FOLDER/second/checkpoints"]\n')
        second = folder / "second"
        second.mkdir()
        with Server(arguments=["--config", str(path)]) as server:
            admin = server.client()
            admin.must(200, admin.get("/v1/collections"))
            self.wait_for_file(second / "checkpoints")
            (second / "checkpoints").unlink()
            second.rmdir()
            self.wait_for(503, admin)
            answer = admin.get("/v1/collections")
            self.assertEqual(answer.json["code"], "unavailable")
            ready = Client(server.port, key=None).get("/readyz")
            self.assertEqual(ready.status, 503)
            self.assertFalse(ready.json["checks"]["audit"]["ok"])
            second.mkdir()
            self.wait_for(200, admin, seconds=30)

    def test_a_webhook_gets_every_checkpoint_and_is_required(self):
        received, broken = [], threading.Event()

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, self.headers["Content-Type"], body.decode()))
                self.send_response(500 if broken.is_set() else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.addCleanup(receiver.server_close)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.shutdown)
        folder, path = self.config(
            f'audit_sinks = ["http://127.0.0.1:{receiver.server_port}/notes?from=test"]\n')
        broken.set()
        with Server(arguments=["--config", str(path)]) as server:
            admin = server.client()
            self.wait_for(503, admin)  # the first checkpoint is refused
            self.assertEqual(admin.get("/v1/collections").json["code"], "unavailable")
            broken.clear()
            self.wait_for(200, admin, seconds=30)
            last = received[-1]
            self.assertEqual(last[:2], ("/notes?from=test", "text/plain; charset=utf-8"))
            text, signature = last[2].split("\n\n")
            self.check_signature(server.data / "audit.pub", text + "\n", signature, folder)
            origin, size, root, _ = text.split("\n")
            listed = admin.must(200, admin.get("/v1/audit/checkpoints"))
            self.assertEqual(listed["origin"], origin)
            self.assertIn((int(size), root),
                          [(each["size"], each["root"]) for each in listed["data"]])

    def check_signature(self, public_key, text, line, folder):
        dash, name, encoded = line.strip().split(" ")
        self.assertEqual((dash, name), ("\u2014", text.split("\n")[0]))
        (folder / "text").write_text(text)
        (folder / "signature").write_bytes(base64.b64decode(encoded)[4:])
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public_key),
                        "-rawin", "-in", str(folder / "text"),
                        "-sigfile", str(folder / "signature")], check=True, capture_output=True)

    def wait_for_file(self, path, seconds=90):
        end = time.monotonic() + seconds
        while not path.exists():
            self.assertLess(time.monotonic(), end, f"{path} is not there")
            time.sleep(0.2)

    def test_a_log_that_was_cut_off_is_not_gone_on_with(self):
        server = Server()
        with contextlib.ExitStack() as stack:
            stack.enter_context(server)
            admin = server.client()
            for _ in range(5):
                admin.must(200, admin.get("/v1/collections"))
            server.stop()
            database = sqlite3.connect(server.data / "wenyuan.db")
            for sql in ("DROP TRIGGER audit_records_last", "DROP TRIGGER audit_leaves_last",
                        "DELETE FROM audit_records WHERE number > 4",
                        "DELETE FROM audit_leaves WHERE number > 4"):
                database.execute(sql)
            database.commit()
            database.close()
            result = server.run("audit", "verify", "--data", str(server.data))
            self.assertEqual(result.returncode, 1)
            self.assertIn("cut off", result.stdout)
            with self.assertRaises(AssertionError):
                server.start(seconds=5)  # never ready
            self.assertEqual(server.client().get("/v1/collections").status, 503)
            self.assertEqual(server.client().get("/healthz").status, 200)
            server.stop()

    def test_settings_that_make_no_sense_are_refused(self):
        for text in ('audit_sinks = ["carrier pigeon"]', 'audit_sinks = ["http://example.com/x"]',
                     'audit_keep = ["question"]', 'audit_keep = ["question=0"]',
                     'audit_keep = ["opinions=9"]'):
            _, path = self.config(text + "\n")
            with self.assertRaises(AssertionError, msg=text):
                with Server(arguments=["--config", str(path)]):
                    pass


if __name__ == "__main__":
    unittest.main()
