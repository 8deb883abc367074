"""Backups of a serving store: whole copies, shipping, kill -9 and restore, a standby that takes over.

The drill: WENYUAN_DRILL_DOCUMENTS (60 here; 1000 for bench/README.md) are uploaded by four writers,
then kill -9, restore, and everything is compared. WENYUAN_DRILL_CHUNKS adds that many chunks of
generated text first, for the time that a large store takes (100000 for bench/README.md).
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from pack_maker import make_pack
from wenyuan_server import BIN_DIR, MODELS_DIR, Client, Server, free_port

DOCUMENTS = int(os.environ.get("WENYUAN_DRILL_DOCUMENTS", "60"))
CHUNKS = int(os.environ.get("WENYUAN_DRILL_CHUNKS", "0"))
WRITERS = 4
MODEL, VECTOR_SIZE = "multilingual-e5-small", 384


def settings(folder, **values):
    path = folder / "settings.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    return ["--config", str(path), "--requests-per-second", "100000"]


class BackupCase(unittest.TestCase):
    """What tests of backups share, wherever these lie."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wenyuan-backup-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.models = self.folder / "no-models"  # keyword search: the drill is not about models
        self.models.mkdir()
        self.backup, self.restored = self.folder / "backup", self.folder / "restored"

    def server(self, data=None, **more):
        server = Server(models=more.pop("models", self.models), data=data,
                        arguments=settings(self.folder, **more))
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def restore(self, server, *more, command="restore", to="--to"):
        result = server.run(command, str(self.backup), to, str(self.restored), "--json",
                            "--keys", str(server.data), *more)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def contents(self, client, ids):
        return {each: (client.must(200, client.get(f"/v1/documents/{each}"))["sha256"],
                       client.get(f"/v1/documents/{each}/content").body) for each in ids}

    def check_gone(self, document_id):
        with Server(models=self.models, data=self.restored) as server:
            self.assertEqual(server.client().get(f"/v1/documents/{document_id}").status, 404)

    def check_restored(self, data, wanted):
        with Server(models=self.models, data=data) as server:
            client = server.client()
            self.assertEqual(self.contents(client, wanted), wanted)
            for arguments in (("verify",), ("audit", "verify")):
                result = server.run(*arguments, "--data", str(data))
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            events = client.must(200, client.get("/v1/audit/events?action=store.restore"))["data"]
            self.assertEqual(len(events), 1)

    def shipped(self, client, seconds=30):
        """Waits until the backup has had a look after this call."""
        begin = client.must(200, client.get("/v1/backups"))["shipping"]["shipped_at"]
        end = time.monotonic() + seconds
        seen = 0
        while seen < 2:
            state = client.must(200, client.get("/v1/backups"))["shipping"]
            if state["shipped_at"] != begin:
                begin, seen = state["shipped_at"], seen + 1
            self.assertLess(time.monotonic(), end, state)
            time.sleep(0.05)


class Backup(BackupCase):
    def test_a_whole_copy_is_made_while_serving(self):
        server = self.server().start()
        client = server.client()
        self.assertEqual(client.get("/v1/backups").status, 409)
        collection = client.create_collection("Copies")["id"]
        ids = [client.add_text(collection, f"Copy {i}", f"text number {i}")["id"] for i in range(5)]
        client.wait_for(ids)
        wanted = self.contents(client, ids)
        result = server.run("backup", str(self.backup), "--data", str(server.data), "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        made = json.loads(result.stdout)
        self.assertEqual(made["originals"], 5)
        self.assertLessEqual({"audit.key", "keys"}, set(made["keep_apart"]))
        self.assertEqual(list(self.backup.rglob("*.key")), [])
        client.must(200, client.delete(f"/v1/documents/{ids[0]}"))
        self.assertTrue(self.restore(server)["good"])
        # What was erased since stays erased: its secret is gone from the keys.
        self.check_gone(ids[0])
        del wanted[ids[0]]
        self.check_restored(self.restored, wanted)
        again = server.run("restore", str(self.backup), "--to", str(self.restored))
        self.assertEqual(again.returncode, 1)
        self.assertIn("is not empty", again.stderr)

    def test_without_the_keys_it_says_which_are_missing(self):
        server = self.server().start()
        server.run("backup", str(self.backup), "--data", str(server.data), check=True)
        result = server.run("restore", str(self.backup), "--to", str(self.restored))
        self.assertEqual(result.returncode, 1)
        self.assertIn("the folder keys", result.stderr)

    def test_the_master_key_may_come_from_elsewhere(self):
        key = "00112233445566778899aabbccddeeff" * 2
        (self.folder / "credentials").mkdir()
        (self.folder / "credentials" / "wenyuan").write_text(key)
        sources = {
            "env:WY_TEST_KEY": {"WY_TEST_KEY": key},
            "credential:wenyuan": {"CREDENTIALS_DIRECTORY": str(self.folder / "credentials")},
            f"command:cat '{self.folder}/credentials/wenyuan'": {},
        }
        for source, environment in sources.items():
            with self.subTest(source.split(":")[0]):
                self.check_master_key(source, environment)
                for each in (self.backup, self.restored):
                    shutil.rmtree(each)

    def check_master_key(self, source, environment):
        """Named by a setting for the server, by an option or the environment for the others."""
        path = self.folder / "settings.toml"
        path.write_text(f"master_key = {json.dumps(source)}\n")
        arguments = ["--config", str(path)]
        with Server(models=self.models, arguments=arguments, environment=environment) as server:
            self.assertFalse((server.data / "keys" / "master.key").exists())
            client = server.client()
            collection = client.create_collection("Elsewhere")["id"]
            ids = [client.add_text(collection, f"Text {i}", f"text number {i}")["id"]
                   for i in range(3)]
            client.wait_for(ids)
            wanted = self.contents(client, ids)
            server.run("backup", str(self.backup), "--data", str(server.data), check=True)
            without = server.run("restore", str(self.backup), "--to", str(self.folder / "without"),
                                 "--keys", str(server.data))
            self.assertEqual(without.returncode, 1)
            self.assertIn("master key", without.stderr)
            shutil.rmtree(self.folder / "without")
            self.restore(server, "--master-key", source)
            shutil.rmtree(self.restored)
            server.environment["WENYUAN_MASTER_KEY_FROM"] = source
            self.restore(server)
            checked = server.run("verify", "--data", str(self.restored))
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            del server.environment["WENYUAN_MASTER_KEY_FROM"]
        with Server(models=self.models, data=self.restored, arguments=arguments,
                    environment=environment) as server:
            self.assertEqual(self.contents(server.client(), ids), wanted)

    def test_one_from_before_a_change_of_the_master_key_is_restored(self):
        server = self.server().start()
        client = server.client()
        collection = client.create_collection("Before")["id"]
        ids = [client.add_text(collection, f"Text {i}", f"text number {i}")["id"] for i in range(3)]
        client.wait_for(ids)
        wanted = self.contents(client, ids)
        server.run("backup", str(self.backup), "--data", str(server.data), check=True)
        rotation = client.must(200, client.post("/v1/master-key/rotate"))
        former = f"master.{rotation['before']}.key"
        self.assertTrue((server.data / "keys" / former).exists())
        self.restore(server)
        self.check_restored(self.restored, wanted)
        # Whoever removes the old key has done with the backups from before.
        shutil.rmtree(self.restored)
        kept = self.folder / "kept"
        shutil.copytree(server.data / "keys", kept)
        (kept / former).unlink()
        result = server.run("restore", str(self.backup), "--to", str(self.restored),
                            "--keys", str(kept))
        self.assertEqual(result.returncode, 1)
        self.assertIn(former, result.stderr)

    def test_the_keys_may_lie_elsewhere(self):
        keys = self.folder / "keys-elsewhere"
        server = self.server(backup_to=str(self.backup), backup_seconds=1)
        server.environment["WENYUAN_KEYS"] = str(keys)
        client = server.start().client()
        collection = client.create_collection("Elsewhere")["id"]
        ids = [client.add_text(collection, f"Text {i}", f"text number {i}")["id"] for i in range(3)]
        client.wait_for(ids)
        wanted = self.contents(client, ids)
        self.shipped(client)
        made = server.run("backup", str(self.folder / "copy"), "--data", str(server.data), "--json")
        self.assertIn(str(keys), json.loads(made.stdout)["keep_apart"])
        arguments = ("restore", str(self.backup), "--to", str(self.restored), "--json")
        # A trial beside the server must not touch its keys.
        refused = server.run(*arguments, "--keys", str(server.data))
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"another server keeps its secrets in {keys}", refused.stderr)
        shutil.rmtree(self.restored)
        server.stop()
        self.assertEqual(self.restore(server)["keys"], str(keys))
        self.assertFalse((self.restored / "keys").exists())
        with Server(models=self.models, data=self.restored, environment=server.environment) as back:
            self.assertEqual(self.contents(back.client(), ids), wanted)
        # On another machine they come from where they were kept, and the settings say where to.
        shutil.rmtree(self.restored)
        kept = self.folder / "kept"
        kept.mkdir()
        keys.rename(kept / "keys")
        shutil.copy(server.data / "audit.key", kept)
        del server.environment["WENYUAN_KEYS"]
        result = server.run(*arguments)
        self.assertEqual(result.returncode, 1)
        self.assertIn("--key-folder", result.stderr)
        path = self.folder / "elsewhere.toml"
        path.write_text(f"keys = {json.dumps(str(keys))}\n")
        result = server.run(*arguments, "--keys", str(kept), "--config", str(path))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertFalse((self.restored / "keys").exists())
        self.assertEqual(keys.stat().st_mode & 0o777, 0o700)
        with Server(models=self.models, data=self.restored,
                    arguments=["--config", str(path)]) as back:
            self.assertEqual(self.contents(back.client(), ids), wanted)

    def test_administrators_see_and_make_backups(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        admin = server.client()
        _, other = admin.create_user("ann")
        self.assertEqual(other.get("/v1/backups").status, 403)
        self.assertEqual(other.post("/v1/backups").status, 403)
        made = admin.must(201, admin.post("/v1/backups"))
        listed = admin.must(200, admin.get("/v1/backups"))
        self.assertIn(made["id"], [each["id"] for each in listed["data"]])
        self.assertIsNone(listed["shipping"]["error"])

    def test_one_goes_back_to_any_commit(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        client = server.client()
        collection = client.create_collection("Commits")["id"]
        self.shipped(client)
        ids = [client.add_text(collection, "first", "the first text")["id"]]
        client.wait_for(ids)
        commit = client.search("first", mode="keyword")["commit"]
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
        time.sleep(2)
        later = client.add_text(collection, "second", "the second text")["id"]
        client.wait_for([later])
        self.shipped(client)
        self.assertGreater(commit, 0)
        self.restore(server, "--to-time", moment)
        with Server(models=self.models, data=self.restored) as restored:
            self.assertEqual(restored.client().get(f"/v1/documents/{ids[0]}").status, 200)
            self.assertEqual(restored.client().get(f"/v1/documents/{later}").status, 404)

    def test_a_changed_segment_is_refused(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        client = server.client()
        self.shipped(client)
        client.create_collection("Altered")
        self.shipped(client)
        segment = sorted(self.backup.rglob("*.wal"))[0]
        content = bytearray(segment.read_bytes())
        content[-1] ^= 1
        segment.write_bytes(content)
        result = server.run("restore", str(self.backup), "--to", str(self.restored))
        self.assertEqual(result.returncode, 1)
        self.assertIn("its content was changed", result.stderr)

    def fill(self, client, collection):
        """Generated text with vectors, as if the embedding model had made them."""
        if not CHUNKS:
            return 0
        pack, documents = make_pack(CHUNKS, MODEL, VECTOR_SIZE)
        client.timeout = 3600
        taken = client.must(200, client.post(f"/v1/collections/{collection}/pack", pack,
                                             content_type="application/x-tar"))
        self.assertEqual((taken["documents"], taken["vectors_kept"]), (documents, True))
        return taken["chunks"]

    def test_drill(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1,
                             models=MODELS_DIR if CHUNKS else self.models).start()
        client = server.client()
        collection = client.create_collection("Drill")["id"]
        chunks = self.fill(client, collection)
        acknowledged, errors = {}, []

        def write(number):
            try:
                for i in range(DOCUMENTS // WRITERS):
                    text = f"Document {number}-{i} says {'quite a lot ' * (i % 50)}."
                    answer = client.add_text(collection, f"{number}-{i}", text)
                    acknowledged[answer["id"]] = (time.time(), text)
                    time.sleep(0.02)
            except Exception as error:  # noqa: the thread's caller looks
                errors.append(error)

        writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        self.assertEqual(errors, [])
        self.shipped(client)
        server.kill()
        killed = time.time()
        begin = time.monotonic()
        result = self.restore(server)
        restored_after = time.monotonic() - begin
        models = MODELS_DIR if CHUNKS else self.models
        with contextlib.ExitStack() as stack:
            restored = Server(models=models, data=self.restored,
                              arguments=["--requests-per-second", "100000"])
            stack.push(restored.__exit__)
            restored.start(seconds=15 * 60)
            back = restored.client()
            back.search("document", mode="hybrid" if CHUNKS else "keyword")
            ready_after = time.monotonic() - begin
            found = {each["id"] for each in back.all_documents(collection)}
            lost = set(acknowledged) - found
            rpo = killed - min((acknowledged[each][0] for each in lost), default=killed)
            for each in set(acknowledged) - lost:
                body = back.get(f"/v1/documents/{each}/content").body
                self.assertEqual(body.decode(), acknowledged[each][1])
            for arguments in (("verify",), ("audit", "verify")):
                checked = restored.run(*arguments, "--data", str(self.restored), timeout=1200)
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertLessEqual(rpo, 60)
        self.assertLessEqual(ready_after, 15 * 60)
        print(f"{len(acknowledged)} documents acknowledged, {chunks} chunks before them, "
              f"{len(lost)} not in the backup, RPO {rpo:.1f} s, restored in {restored_after:.1f} s, "
              f"answering after {ready_after:.1f} s, {result['segments']} segments, "
              f"{result['audit_records']} audit records")

    def test_a_standby_follows_and_takes_over(self):
        server = self.server(backup_to=str(self.backup), backup_seconds=1).start()
        client = server.client()
        collection = client.create_collection("Followed")["id"]
        self.shipped(client)
        port = free_port()
        standby = subprocess.Popen(
            [str(BIN_DIR / "wenyuan"), "standby", str(self.backup), "--data", str(self.restored),
             "--listen", f"127.0.0.1:{port}", "--every", "1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(standby.kill)
        ids = [client.add_text(collection, f"Text {i}", f"followed text {i}")["id"]
               for i in range(8)]
        client.wait_for(ids)
        wanted = self.contents(client, ids)
        server.stop()  # ships what is left
        newest = max(int(each.stem) for each in self.backup.rglob("*.wal"))
        health = Client(port, key=None)
        end = time.monotonic() + 30
        while True:
            try:
                answer = health.get("/readyz")
                if answer.status == 200 and answer.json["segment"] == newest:
                    break
            except OSError:
                pass
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertEqual(health.get("/v1/documents").status, 404)
        refused = server.run("serve", "--data", str(self.restored))
        self.assertEqual(refused.returncode, 1)
        self.assertIn("wenyuan promote", refused.stderr)
        standby.terminate()
        self.assertEqual(standby.wait(20), 0)
        self.assertTrue(self.restore(server, command="promote", to="--data")["good"])
        self.check_restored(self.restored, wanted)


if __name__ == "__main__":
    unittest.main()
