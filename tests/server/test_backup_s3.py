"""Backups in a bucket: the real server and commands against moto, with every signature checked by
botocore's own signer, and everything that may go wrong on the way (s3_store.py).
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
import unittest

import s3_store
import test_backup
from test_tls import Authority
from wenyuan_server import BIN_DIR, Client, Server, free_port

if not s3_store.available:
    print("skipped: tools/fetch_test_store build/test_python could not be had")
    sys.exit(77)


class BackupInABucket(test_backup.BackupCase):
    def setUp(self):
        super().setUp()
        self.store = s3_store.S3Store()
        self.addCleanup(self.store.stop)
        self.to = f"s3://{self.store.bucket}/wenyuan/main"

    def tearDown(self):
        self.assertEqual(self.store.bad, [])

    def settings(self, text, **values):
        path = self.folder / f"settings-{random.random()}.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n"
                                for name, value in values.items()) + text)
        return path

    def bucket_server(self, data=None, environment=None, store=None, **more):
        values = {"backup_to": self.to, "backup_seconds": 1, **more}
        path = self.settings((store or self.store).settings(), **values)
        server = Server(models=self.models, data=data, environment={
            **s3_store.S3Store.environment, **(environment or {})},
            arguments=["--config", str(path), "--requests-per-second", "100000"])
        self.addCleanup(server.__exit__, None, None, None)
        return server

    def command(self, *arguments, environment=None, text=None):
        path = self.settings(self.store.settings() if text is None else text)
        return subprocess.run(
            [str(BIN_DIR / "wenyuan"), *map(str, arguments), "--config", str(path)],
            capture_output=True, text=True, timeout=300,
            env={**os.environ, **s3_store.S3Store.environment, **(environment or {})})

    def restored_from_bucket(self, server, *more):
        result = self.command("restore", self.to, "--to", self.restored, "--json", "--keys",
                              server.data, *more)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def add(self, client, collection, count, what="text"):
        ids = [client.add_text(collection, f"{what} {i}", f"{what} number {i}")["id"]
               for i in range(count)]
        client.wait_for(ids)
        return ids

    def state(self, client):
        return client.must(200, client.get("/v1/backups"))["shipping"]

    def wait_until(self, client, wanted, seconds=30):
        end = time.monotonic() + seconds
        while not wanted(state := self.state(client)):
            self.assertLess(time.monotonic(), end, state)
            time.sleep(0.05)
        return state

    def test_everything_committed_comes_back_after_a_kill(self):
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("In a bucket")["id"]
        ids = self.add(client, collection, 6)
        state = self.wait_until(client, lambda each: each["commits_behind"] == 0
                                and each["segments"] > 0)
        self.assertEqual(state["to"], self.to)
        wanted = self.contents(client, ids)
        server.kill()
        self.assertTrue(self.restored_from_bucket(server)["good"])
        self.check_restored(self.restored, wanted)
        keys = self.store.keys()
        self.assertTrue(all(each.startswith("wenyuan/main/") for each in keys), keys)
        self.assertFalse([each for each in keys if each.endswith(".key")])
        self.assertFalse(list((server.data / "backup.tmp").iterdir()))
        # The same data directory goes on at once; its claim is its own.
        server.start()
        self.assertIsNone(self.state(server.client())["error"])
        server.stop()
        self.assertNotIn("wenyuan/main/writer", self.store.keys())
        self.assertNotIn(s3_store.SECRET, server.log_tail())

    def test_a_copy_is_made_by_command_and_restored_to_a_commit(self):
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("Commits")["id"]
        first = self.add(client, collection, 1, "first")
        commit = self.wait_until(client, lambda each: each["commits_behind"] == 0)["commit"]
        later = self.add(client, collection, 1, "later")
        self.wait_until(client, lambda each: each["commits_behind"] == 0)
        made = self.command("backup", f"s3://{self.store.bucket}/copy", "--data", server.data, "--json")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(json.loads(made.stdout)["originals"], 2)
        generations = client.must(200, client.get("/v1/backups"))["data"]
        self.assertEqual(len(generations), 1)
        self.restored_from_bucket(server, "--to-commit", str(commit))
        with Server(models=self.models, data=self.restored) as restored:
            self.assertEqual(restored.client().get(f"/v1/documents/{first[0]}").status, 200)
            self.assertEqual(restored.client().get(f"/v1/documents/{later[0]}").status, 404)
        self.to = f"s3://{self.store.bucket}/copy"
        shutil.rmtree(self.restored, ignore_errors=True)
        self.assertTrue(self.restored_from_bucket(server)["good"])

    def test_faults_on_the_way_lose_nothing(self):
        chance = random.Random(7)

        def fault(method, key, environ):
            return chance.choice(["500", "cut", 0.05, None, None, None, None])
        self.store.fault = fault
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("Faults")["id"]
        ids = self.add(client, collection, 8)
        self.wait_until(client, lambda each: each["commits_behind"] == 0 and not each["error"], 60)
        wanted = self.contents(client, ids)
        server.kill()
        self.assertTrue(self.restored_from_bucket(server)["good"])
        self.store.fault = None
        self.check_restored(self.restored, wanted)

    def test_a_store_that_is_away_is_caught_up_with(self):
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("Away")["id"]
        self.wait_until(client, lambda each: each["shipped_at"])
        self.store.stop()
        ids = self.add(client, collection, 4)
        state = self.wait_until(client, lambda each: each["error"])
        self.assertIn("no answer from http://127.0.0.1:", state["error"])
        self.assertGreater(state["commits_behind"], 0)
        self.store.start()
        state = self.wait_until(client, lambda each: each["commits_behind"] == 0)
        self.assertIsNone(state["error"])
        wanted = self.contents(client, ids)
        # And a server starts while it is away.
        server.stop()
        self.store.stop()
        server.start()
        self.assertIn("no answer", self.state(server.client())["error"])
        self.store.start()
        self.wait_until(server.client(), lambda each: each["shipped_at"])
        server.stop()
        self.assertTrue(self.restored_from_bucket(server)["good"])
        self.check_restored(self.restored, wanted)

    def test_changed_bytes_are_refused(self):
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("Changed")["id"]
        self.shipped(client)
        self.add(client, collection, 2)
        self.wait_until(client, lambda each: each["commits_behind"] == 0)
        server.stop()
        self.store.fault = lambda method, key, environ: (
            "change" if method == "GET" and key.endswith(".wal") else None)
        result = self.command("restore", self.to, "--to", self.restored, "--keys", server.data)
        self.assertEqual(result.returncode, 1)
        self.assertIn("does not hold the bytes", result.stderr)
        self.store.fault = None
        segment = [each for each in self.store.keys() if each.endswith(".wal")][0]
        found = self.store.client.get_object(Bucket=self.store.bucket, Key=segment)
        content = bytearray(found["Body"].read())
        content[-1] ^= 1
        self.store.client.put_object(Bucket=self.store.bucket, Key=segment, Body=bytes(content))
        shutil.rmtree(self.restored, ignore_errors=True)
        result = self.command("restore", self.to, "--to", self.restored, "--keys", server.data)
        self.assertEqual(result.returncode, 1)
        self.assertIn("its content was changed", result.stderr)

    def test_a_standby_follows_and_takes_over(self):
        server = self.bucket_server().start()
        client = server.client()
        collection = client.create_collection("Followed")["id"]
        self.shipped(client)
        port = free_port()
        standby = subprocess.Popen(
            [str(BIN_DIR / "wenyuan"), "standby", self.to, "--data", str(self.restored),
             "--config", str(self.settings(self.store.settings())),
             "--listen", f"127.0.0.1:{port}", "--every", "1"],
            env={**os.environ, **s3_store.S3Store.environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(standby.kill)
        wanted = self.contents(client, self.add(client, collection, 4))
        server.stop()
        newest = max(int(each[-16:-4]) for each in self.store.keys() if each.endswith(".wal"))
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
        standby.terminate()
        self.assertEqual(standby.wait(20), 0)
        promoted = self.command("promote", self.to, "--data", self.restored, "--keys",
                                server.data, "--json")
        self.assertEqual(promoted.returncode, 0, promoted.stderr)
        self.check_restored(self.restored, wanted)

    def test_two_servers_do_not_write_to_one_place(self):
        server = self.bucket_server().start()
        self.shipped(server.client())
        made = self.command("backup", self.folder / "copy", "--data", server.data)
        self.assertEqual(made.returncode, 0, made.stderr)
        server.kill()
        result = self.command("restore", self.folder / "copy", "--to", self.restored, "--keys",
                              server.data)
        self.assertEqual(result.returncode, 0, result.stderr)
        other = self.bucket_server(data=self.restored)
        with self.assertRaisesRegex(AssertionError, "another server writes its backups to"):
            other.start()
        server.start()
        self.shipped(server.client())

    def test_what_is_wrong_is_said_and_no_secret(self):
        server = self.bucket_server(environment={"AWS_SECRET_ACCESS_KEY": "quite-wrong-secret"})
        with self.assertRaisesRegex(AssertionError, "SignatureDoesNotMatch"):
            server.start()
        self.assertNotIn("quite-wrong-secret", server.log_tail())
        self.assertTrue(self.store.bad)
        self.store.bad.clear()
        for words, text in (
                ("https", '\n[backup_s3]\nendpoint = "http://192.0.2.1:9000"\n'),
                ("no setting called", "\n[backup_s3]\nbukket = 1\n"),
                ("addressing", self.store.settings(addressing="sideways")),
                ("credential", self.store.settings(credentials="credential:x")),
                ("file:", self.store.settings(credentials="elsewhere"))):
            result = self.command("restore", self.to, "--to", self.restored, text=text)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(words, result.stderr)
        result = self.command("restore", "s3://no-such-bucket/x", "--to", self.restored)
        self.assertIn("NoSuchBucket", result.stderr)
        result = self.command("restore", self.to, "--to", self.restored)
        self.assertIn("there is no backup in " + self.to, result.stderr)

    def test_keys_come_from_a_file_and_tls_is_checked(self):
        authority = Authority(self.folder, "ca")
        certificate = authority.issue("store", "/CN=127.0.0.1", [
            "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"])
        store = s3_store.S3Store(tuple(map(str, certificate)))
        self.addCleanup(store.stop)
        keys = self.folder / "keys"
        keys.write_text(f"[default]\naws_access_key_id = {s3_store.KEY_ID}\n"
                        f"aws_secret_access_key = {s3_store.SECRET}\n")
        keys.chmod(0o600)
        server = self.server().start()
        nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
        trusted = store.settings(ca_file=authority.certificate, credentials=f"file:{keys}")
        made = self.command("backup", f"s3://{store.bucket}", "--data", server.data, text=trusted,
                            environment=nothing)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(store.bad, [])
        made = self.command("backup", f"s3://{store.bucket}", "--data", server.data, environment=nothing,
                            text=store.settings(credentials=f"file:{keys}"))
        self.assertEqual(made.returncode, 1)
        self.assertIn("no answer from https://127.0.0.1", made.stderr)
        keys.chmod(0o644)
        made = self.command("backup", f"s3://{store.bucket}", "--data", server.data, text=trusted)
        self.assertIn("everybody may read", made.stderr)


if __name__ == "__main__":
    unittest.main()
