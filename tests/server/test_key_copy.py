"""The second place where erasure secrets are kept: where it may lie, what happens without it, and
a restore that has it.

WENYUAN_COPY_DOCUMENTS sets how many documents are restored (20 here).
"""

import json
import os
import pathlib
import shutil
import tempfile
import time
import unittest

from wenyuan_server import Server

DOCUMENTS = int(os.environ.get("WENYUAN_COPY_DOCUMENTS", "20"))


class KeyCopy(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-copy-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.models = self.folder / "no-models"
        self.models.mkdir()
        self.copy, self.backup = self.folder / "copy", self.folder / "backup"
        self.restored = self.folder / "restored"

    def server(self, **values):
        path = self.folder / "settings.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n"
                                for name, value in {"key_copy": str(self.copy), **values}.items()))
        server = Server(models=self.models,
                        arguments=["--config", str(path), "--requests-per-second", "100000"])
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def secrets(self, folder):
        return (folder / "erasure.secrets").read_bytes()

    def add(self, client, count, what="the"):
        collection = client.create_collection("Copied")["id"]
        ids = [client.add_text(collection, f"Title {i}", f"{what} text number {i}")["id"]
               for i in range(count)]
        client.wait_for(ids)
        return ids

    def test_it_lies_apart(self):
        for inside in ("data", "data/keys/copy", "backup/copy"):
            data = self.folder / "data"
            settings = self.folder / "settings.toml"
            settings.write_text(f'key_copy = "{self.folder / inside}"\n'
                                f'backup_to = "{self.backup}"\n')
            server = Server(models=self.models, data=data)
            result = server.run("serve", "--data", str(data), "--config", str(settings),
                                "--listen", "127.0.0.1:0")
            self.assertEqual(result.returncode, 2)
            self.assertIn("must not lie in the", result.stderr)
            self.assertFalse(data.exists())

    def test_another_stores_copy_is_refused(self):
        with self.server():
            pass
        server = self.server()
        result = server.run("serve", "--data", str(self.folder / "other"), "--config",
                            str(self.folder / "settings.toml"), "--listen", "127.0.0.1:0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("belongs to another store", result.stderr)

    def test_without_it_nothing_is_erased_and_the_server_says_so(self):
        server = self.server().start()
        client = server.client()
        ids = self.add(client, 3)
        self.assertEqual(self.secrets(self.copy), self.secrets(server.data / "keys"))
        self.assertTrue(client.get("/readyz").json["checks"]["key_copy"]["ok"])
        away = self.folder / "away"
        self.copy.rename(away)
        refused = client.delete(f"/v1/documents/{ids[0]}")
        self.assertEqual(refused.status, 503)
        self.assertIn("copy of the erasure secrets", refused.json["detail"])
        self.assertNotIn(str(self.copy), refused.json["detail"])
        self.assertEqual(client.get(f"/v1/documents/{ids[0]}/content").body, b"the text number 0")
        ready = client.get("/readyz")
        self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"))
        self.assertFalse(ready.json["checks"]["key_copy"]["ok"])
        away.rename(self.copy)
        client.must(200, client.delete(f"/v1/documents/{ids[0]}"))
        self.assertTrue(client.get("/readyz").json["checks"]["key_copy"]["ok"])
        self.assertEqual(self.secrets(self.copy), self.secrets(server.data / "keys"))

    def test_what_is_in_the_backup_is_readable_with_it(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        client = server.client()
        # What an owner keeps by hand, from the first day and never again.
        kept = self.folder / "kept"
        (kept / "keys").mkdir(parents=True)
        shutil.copy(server.data / "keys" / "master.key", kept / "keys")
        shutil.copy(server.data / "audit.key", kept)
        ids = self.add(client, DOCUMENTS)
        self.shipped(client)
        client.must(200, client.delete(f"/v1/documents/{ids[0]}"))
        server.kill()
        shutil.rmtree(server.data)
        result = server.run("restore", str(self.backup), "--to", str(self.restored), "--keys",
                            str(kept), "--key-copy", str(self.copy), "--take-over", "--json")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(json.loads(result.stdout)["problems"], [])
        with Server(models=self.models, data=self.restored,
                    arguments=["--config", str(self.folder / "settings.toml")]) as restored:
            back = restored.client()
            self.assertEqual(back.get(f"/v1/documents/{ids[0]}").status, 404)
            for i in range(1, DOCUMENTS):
                self.assertEqual(back.get(f"/v1/documents/{ids[i]}/content").body.decode(),
                                 f"the text number {i}")
            self.add(back, 2)
            self.assertEqual(self.secrets(self.copy), self.secrets(self.restored / "keys"))

    def test_with_older_secrets_the_rest_is_there(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        first = self.add(server.client(), DOCUMENTS)
        server.stop()
        kept = self.folder / "kept"
        kept.mkdir()
        shutil.copytree(server.data / "keys", kept / "keys")
        shutil.copy(server.data / "audit.key", kept)
        server.start()
        client = server.client()
        later = self.add(client, DOCUMENTS, "another")
        self.shipped(client)
        server.stop()
        command = ["restore", str(self.backup), "--keys", str(kept), "--json"]
        refused = server.run(*command, "--to", str(self.folder / "refused"))
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"{DOCUMENTS} documents are newer than erasure.secrets",
                      json.loads(refused.stdout)["problems"][0])
        done = server.run(*command, "--to", str(self.restored), "--without-missing")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(set(json.loads(done.stdout)["unreadable"]), set(later))
        self.check_started(first, later)
        self.check_repaired(first, later)

    def check_started(self, first, later):
        with Server(models=self.models, data=self.restored) as restored:
            self.assertIn(f"{DOCUMENTS} documents cannot be read", restored.log_tail())
            client = restored.client()
            for i, document_id in enumerate(first):
                self.assertEqual(client.get(f"/v1/documents/{document_id}/content").body.decode(),
                                 f"the text number {i}")
            hits = client.search("number", mode="keyword", limit=100)["results"]
            self.assertEqual({hit["document_id"] for hit in hits}, set(first))
            lost = client.must(200, client.get(f"/v1/documents/{later[0]}"))
            self.assertEqual(lost["state"], "failed")
            self.assertIn("erasure secret is lost", lost["error"])
            for what in ("content", "chunks"):
                answer = client.get(f"/v1/documents/{later[0]}/{what}")
                self.assertEqual(answer.status, 500, what)
                self.assertIn("erasure secret is lost", answer.json["detail"])
            self.assertEqual(len(client.all_documents(lost["collection_id"])), DOCUMENTS)
            self.add(client, 2)
            checked = restored.run("verify", "--deep", "--data", str(self.restored))
            self.assertEqual(checked.returncode, 1)
            for document_id in later:
                self.assertIn(document_id, checked.stdout)

    def check_repaired(self, first, later):
        server = Server(models=self.models, data=self.restored)
        named = server.run("repair", "--data", str(self.restored), "--json")
        self.assertEqual(named.returncode, 1, named.stderr)
        for document_id in later:
            self.assertIn(document_id, named.stdout)
        repaired = server.run("repair", "--remove-unreadable", "--data", str(self.restored))
        self.assertEqual(repaired.returncode, 0, repaired.stdout + repaired.stderr)
        checked = server.run("verify", "--deep", "--data", str(self.restored))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        with server:
            client = server.client()
            self.assertEqual(client.get(f"/v1/documents/{later[0]}").status, 404)
            self.assertEqual(client.get(f"/v1/documents/{first[0]}").status, 200)
            events = client.must(200, client.get(
                "/v1/audit/events?action=store.remove_unreadable"))["data"]
            self.assertEqual(len(events), DOCUMENTS)

    def shipped(self, client, seconds=30):
        """Waits until the backup has had two looks after this call."""
        begin = client.must(200, client.get("/v1/backups"))["shipping"]["shipped_at"]
        end, seen = time.monotonic() + seconds, 0
        while seen < 2:
            now = client.must(200, client.get("/v1/backups"))["shipping"]["shipped_at"]
            if now != begin:
                begin, seen = now, seen + 1
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
