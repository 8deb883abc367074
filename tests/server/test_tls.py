"""TLS and client certificates through the whole server, with certificates made by the openssl program."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from wenyuan_server import ADMIN_KEY, Client, Server

# So many idle connections are held at once; WENYUAN_TLS_CONNECTIONS=3000 for the real number.
CONNECTIONS = int(os.environ.get("WENYUAN_TLS_CONNECTIONS", "300"))


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                          text=True, **more)


class Authority:
    """A small certificate authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key, self.certificate = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.certificate, "-days", "30",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        (folder / f"{name}.txt").touch()
        (folder / f"{name}.cnf").write_text(f"""
[ca]
default_ca = x
[x]
database = {folder}/{name}.txt
default_md = sha256
default_crl_days = 30
""")

    def issue(self, name, subject, extensions, key=None, dates=(), more=()):
        """Signed by this authority; gives the paths of certificate and key."""
        key_file, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate = self.folder / f"{name}.pem"
        openssl("req", "-new", *(key or ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")),
                "-nodes", "-keyout", key_file, "-out", request, "-subj", subject)
        configuration = self.folder / f"{name}.cnf"
        configuration.write_text("\n".join(extensions) + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-out", certificate, "-extfile", configuration,
                *(dates or ("-days", "30")), *more)
        key_file.chmod(0o600)
        return certificate, key_file

    def revocation_list(self, *revoked):
        target = self.folder / f"{self.name}.crl"
        configuration = self.folder / f"{self.name}.cnf"
        for certificate in revoked:
            openssl("ca", "-config", configuration, "-keyfile", self.key, "-cert",
                    self.certificate, "-revoke", certificate)
        fresh = target.with_suffix(".new")
        openssl("ca", "-config", configuration, "-keyfile", self.key, "-cert", self.certificate,
                "-gencrl", "-out", fresh)
        fresh.rename(target)
        return target


class SecureClient(Client):
    """A client over TLS, perhaps with a certificate."""

    def __init__(self, port, authority, key=ADMIN_KEY, certificate=None, version=None):
        super().__init__(port, key)
        self.context = ssl.create_default_context(cafile=str(authority.certificate))
        if certificate:
            # What is too weak, the server is to refuse, not this side.
            self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self.context.load_cert_chain(*map(str, certificate))
        if version:
            self.context.maximum_version = version

    def connect(self):
        return http.client.HTTPSConnection("localhost", self.port, timeout=self.timeout,
                                           context=self.context)


class SecureServer(Server):
    def __init__(self, authority, config, **more):
        self.authority = authority
        super().__init__(arguments=["--config", str(config)], **more)

    def client(self, key=ADMIN_KEY, **more):
        return SecureClient(self.port, self.authority, key, **more)

    def probe(self):
        return self.client(key=None)


CLIENT = ("extendedKeyUsage=clientAuth", "subjectAltName=email:ann@example.com")
SERVER = ("extendedKeyUsage=serverAuth", "subjectAltName=DNS:localhost,IP:127.0.0.1")


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl program")
        folder = tempfile.TemporaryDirectory(prefix="wenyuan-test-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.models = cls.folder / "models"
        cls.models.mkdir()
        cls.authority = Authority(cls.folder, "authority")
        cls.stranger = Authority(cls.folder, "stranger")
        cls.certificate, cls.key = cls.authority.issue("server", "/CN=localhost", SERVER)
        cls.crl = cls.authority.revocation_list()
        cls.config = cls.folder / "wenyuan.toml"
        cls.config.write_text(f"""
[tls]
certificate = "{cls.certificate}"
key = "{cls.key}"
client_certificates = "optional"
client_ca = "{cls.authority.certificate}"
client_crl = "{cls.crl}"
client_name = "san_email"
[tls.client_users]
"ann@example.com" = "ann"
"boss@example.com" = "boss"
"ghost@example.com" = "ghost"
"lazy@example.com" = "lazy"
""")
        cls.server = SecureServer(cls.authority, cls.config, models=cls.models)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()
        for name, roles in (("ann", []), ("boss", ["admin"]), ("lazy", [])):
            user = cls.admin.must(201, cls.admin.post("/v1/users",
                                                      {"username": name, "roles": roles}))
            if name == "lazy":
                cls.admin.must(200, cls.admin.patch("/v1/users/" + user["id"], {"disabled": True}))

    def shown(self, *extensions, subject="/CN=Ann", authority=None, **more):
        """A client without a key that shows such a certificate."""
        self.count = getattr(self, "count", 0) + 1
        pair = (authority or self.authority).issue(
            f"{self.id().rsplit('.')[-1]}-{self.count}", subject, extensions, **more)
        return self.server.client(key=None, certificate=pair)

    def test_requests_come_over_tls_alone(self):
        answer = self.admin.get("/v1/me")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["strict-transport-security"], "max-age=31536000")
        missing = self.admin.get("/nothing")
        self.assertEqual(missing.status, 404)
        self.assertIn("strict-transport-security", missing.headers)
        plain = Client(self.server.port).get("/v1/me")
        self.assertEqual((plain.status, plain.body), (400, b"This port speaks https alone.\n"))
        old = self.server.client(version=ssl.TLSVersion.TLSv1_2)
        self.assertEqual(old.get("/v1/me").status, 200)
        raw = ssl.create_default_context(cafile=str(self.authority.certificate))
        with raw.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port)),
                             server_hostname="localhost") as tls:
            self.assertEqual(tls.version(), "TLSv1.3")

    def test_uploads_and_streams_go_through(self):
        collection = self.admin.create_collection("over tls")["id"]
        text = "\n\n".join(f"The pump number {i} stands in hall {i % 7}." for i in range(20_000))
        added = self.admin.must(202, self.admin.upload(
            collection, [("pumps.txt", text.encode(), "text/plain")]))["documents"][0]
        connection = self.admin.connect()
        connection.request("GET", f"/v1/documents/{added['id']}/content",
                           headers={"Authorization": "Bearer " + ADMIN_KEY})
        self.assertEqual(connection.getresponse().read().decode(), text)
        connection.close()

    def test_a_certificate_is_its_user(self):
        ann = self.shown(*CLIENT)
        me = ann.must(200, ann.get("/v1/me"))
        self.assertEqual(me["username"], "ann")
        self.assertTrue(me["key_id"].startswith("crt_"))
        ann.create_collection("of ann")
        # What is sent on purpose goes first.
        both = ann.request("GET", "/v1/me", headers={"Authorization": "Bearer " + ADMIN_KEY})
        self.assertEqual(both.json["username"], "admin")
        wrong = ann.request("GET", "/v1/me", headers={"Authorization": "Bearer wy_wrong"})
        self.assertEqual(wrong.status, 401)
        records = self.admin.must(200, self.admin.get(
            "/v1/audit/events?action=collection.add&limit=50"))["data"]
        own = [record for record in records if record["key_id"] == me["key_id"]]
        self.assertEqual(own[0]["details"]["credential"], "certificate")

    def test_a_certificate_never_administers(self):
        boss = self.shown("extendedKeyUsage=clientAuth", "subjectAltName=email:boss@example.com")
        self.assertEqual(boss.must(200, boss.get("/v1/me"))["username"], "boss")
        self.assertEqual(boss.get("/v1/users").status, 403)
        self.assertEqual(boss.post("/v1/api-keys", {"name": "k", "scopes": ["*"]}).status, 403)

    def test_other_sites_cannot_use_it(self):
        ann = self.shown(*CLIENT)
        port = self.server.port
        for headers, status in (
                ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
                ({"Origin": f"http://localhost:{port}"}, 403),
                ({"Origin": f"https://localhost:{port}.evil.example"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
                ({"Sec-Fetch-Site": "none"}, 403),
                ({"Sec-Fetch-Site": "cross-site", "Origin": f"https://localhost:{port}"}, 403),
                ({"Sec-Fetch-Site": "same-origin"}, 201), ({}, 201),
                ({"Origin": f"https://localhost:{port}"}, 201)):
            answer = ann.request("POST", "/v1/collections", {"name": "x", "kind": "personal"},
                                 headers=headers)
            self.assertEqual(answer.status, status, headers)

    def test_bad_certificates_end_in_the_handshake(self):
        between = self.authority.issue("between", "/CN=between", (
            "basicConstraints=critical,CA:FALSE",))
        bad = {
            "of another authority": dict(extensions=CLIENT, authority=self.stranger),
            "for servers": dict(extensions=("extendedKeyUsage=serverAuth", CLIENT[1])),
            "for mail": dict(extensions=("extendedKeyUsage=emailProtection", CLIENT[1])),
            "for nothing in particular": dict(extensions=CLIENT[1:]),
            "an authority": dict(extensions=(*CLIENT, "basicConstraints=critical,CA:TRUE")),
            "may not sign": dict(extensions=(*CLIENT, "keyUsage=critical,keyCertSign")),
            "expired": dict(extensions=CLIENT, dates=("-days", "-1")),
            "a short key": dict(extensions=CLIENT, key=("-newkey", "rsa:1024")),
            "over SHA-1": dict(extensions=CLIENT, more=("-sha1",)),
            "an unknown critical extension": dict(
                extensions=(*CLIENT, "1.2.3.4.5=critical,DER:0500")),
        }
        for why, wish in bad.items():
            client = self.shown(*wish.pop("extensions"), **wish)
            with self.assertRaises((OSError, http.client.HTTPException), msg=why):
                client.get("/v1/me")
        alone = self.folder / "alone.pem", self.folder / "alone.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", alone[1], "-out", alone[0], "-subj", "/CN=ann",
                "-addext", CLIENT[0], "-addext", CLIENT[1])
        below = Authority.__new__(Authority)
        below.folder, below.name = self.folder, "below"
        below.certificate, below.key = between
        through = below.issue("through", "/CN=ann", CLIENT)
        for pair in (alone, through, (self.authority.certificate, self.authority.key)):
            with self.assertRaises((OSError, http.client.HTTPException), msg=pair):
                self.server.client(key=None, certificate=pair).get("/v1/me")
        self.assertEqual(self.shown(*CLIENT).get("/v1/me").status, 200)

    def test_certificates_of_nobody_are_refused(self):
        use = "extendedKeyUsage=clientAuth"
        for why, extensions, subject in (
                ("no name of the kind", (use, "subjectAltName=URI:urn:ann"), "/CN=ann"),
                ("no names at all", (use,), "/CN=ann@example.com"),
                ("two names", (use, "subjectAltName=email:ann@example.com,email:b@x"), "/CN=ann"),
                ("the same twice", (use, "subjectAltName=email:ann@example.com,"
                                    "email:ann@example.com"), "/CN=ann"),
                ("a longer name", (use, "subjectAltName=email:ann@example.com.evil"), "/CN=ann"),
                ("a shorter name", (use, "subjectAltName=email:ann@example.co"), "/CN=ann"),
                ("other letters", (use, "subjectAltName=email:Ann@example.com"), "/CN=ann"),
                ("another kind", (use, "subjectAltName=DNS:ann@example.com"), "/CN=ann"),
                ("not in the table", (use, "subjectAltName=email:eve@example.com"), "/CN=ann"),
                ("no such user", (use, "subjectAltName=email:ghost@example.com"), "/CN=ann"),
                ("a disabled user", (use, "subjectAltName=email:lazy@example.com"), "/CN=ann")):
            client = self.shown(*extensions, subject=subject)
            self.assertEqual(client.get("/v1/me").status, 401, why)
            self.assertEqual(client.get("/healthz").status, 200, why)
        for header in ("X-Client-Cert", "X-SSL-Client-S-DN", "Client-Cert", "X-Forwarded-User",
                       "X-SSL-Client-Verify", "X-Forwarded-Client-Cert"):
            nobody = self.server.client(key=None)
            self.assertEqual(nobody.get("/v1/me", headers={header: "ann@example.com"}).status, 401)

    def test_a_revoked_certificate_ends_at_once(self):
        pair = self.authority.issue("revoked", "/CN=Ann", CLIENT)
        client = self.server.client(key=None, certificate=pair)
        open_one = client.connect()
        open_one.request("GET", "/v1/me")
        self.assertEqual(open_one.getresponse().read() and 200, 200)
        self.authority.revocation_list(pair[0])
        self.server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                client.get("/v1/me")
            except (OSError, http.client.HTTPException):
                break
            time.sleep(0.05)
        else:
            self.fail("a revoked certificate was still taken")
        with self.assertRaises((OSError, http.client.HTTPException)):
            open_one.request("GET", "/v1/me")
            open_one.getresponse()
        self.assertEqual(self.shown(*CLIENT).get("/v1/me").status, 200)

    def test_a_renewed_certificate_is_taken_up(self):
        def serial():
            context = ssl.create_default_context(cafile=str(self.authority.certificate))
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port)),
                                     server_hostname="localhost") as tls:
                return tls.getpeercert()["serialNumber"]

        before = serial()
        certificate, key = self.authority.issue("renewed", "/CN=localhost", SERVER)
        os.replace(key, self.key)
        os.replace(certificate, self.certificate)
        self.server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while serial() == before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        good = self.certificate.read_text()
        self.certificate.write_text("broken")
        self.server.process.send_signal(signal.SIGHUP)
        while "tls.not_reloaded" not in self.server.log_tail():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.assertEqual(self.admin.get("/v1/me").status, 200)
        self.certificate.write_text(good)
        self.server.process.send_signal(signal.SIGHUP)

    def test_silent_and_idle_connections_stop_nobody(self):
        silent = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(50)]
        idle = [self.admin.connect() for _ in range(CONNECTIONS)]

        def wake(some):
            for connection in some:
                connection.request("GET", "/healthz")
                connection.getresponse().read()

        threads = [threading.Thread(target=wake, args=(idle[i::8],)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.admin.get("/v1/me").status, 200)
        for connection in idle:  # all are still there
            connection.request("GET", "/healthz")
            self.assertEqual(connection.getresponse().read() and 200, 200)
        for connection in silent + idle:
            connection.close()

    def test_the_command_line_speaks_it(self):
        command = ["search", "--url", f"https://localhost:{self.server.port}", "--key", ADMIN_KEY,
                   "anything"]
        refused = self.server.run(*command)
        self.assertNotEqual(refused.returncode, 0, "an authority that nobody named")
        good = self.server.run(*command, "--ca", str(self.authority.certificate))
        self.assertEqual(good.returncode, 0, good.stderr)


class BadFiles(unittest.TestCase):
    def test_the_start_says_what_is_wrong(self):
        if shutil.which("openssl") is None:
            self.skipTest("no openssl program")
        with tempfile.TemporaryDirectory(prefix="wenyuan-test-tls-") as name:
            folder = pathlib.Path(name)
            authority = Authority(folder, "authority")
            certificate, key = authority.issue("server", "/CN=localhost", SERVER)
            _, other_key = authority.issue("other", "/CN=localhost", SERVER)
            old, old_key = authority.issue("old", "/CN=localhost", SERVER, dates=("-days", "-1"))
            open_key = folder / "open.key"
            shutil.copy(key, open_key)
            open_key.chmod(0o644)
            config = folder / "wenyuan.toml"
            for settings, complaint in (
                    (f'certificate = "{certificate}"', "needs certificate and key"),
                    (f'certificate = "/nowhere"\nkey = "{key}"', "/nowhere"),
                    (f'certificate = "{certificate}"\nkey = "{other_key}"', "is not the key of"),
                    (f'certificate = "{certificate}"\nkey = "{open_key}"', "others may read"),
                    (f'certificate = "{old}"\nkey = "{old_key}"', "expired on"),
                    (f'certificate = "{certificate}"\nkey = "{key}"\nciphers = "x"',
                     "no setting called ciphers"),
                    (f'certificate = "{certificate}"\nkey = "{key}"\nminimum = "1.0"', "minimum is"),
                    (f'certificate = "{certificate}"\nkey = "{key}"\nclient_ca = "x"',
                     "has no effect"),
                    (f'certificate = "{certificate}"\nkey = "{key}"\n'
                     'client_certificates = "required"', "needs client_ca")):
                config.write_text("[tls]\n" + settings)
                server = Server(models=folder, data=folder / "data",
                                arguments=["--config", str(config)])
                ended = server.run("serve", "--data", str(folder / "data"), "--models", name,
                                   "--listen", "127.0.0.1:0", "--config", str(config), timeout=60)
                self.assertNotEqual(ended.returncode, 0, settings)
                self.assertIn(complaint, ended.stderr, settings)


if __name__ == "__main__":
    unittest.main()
