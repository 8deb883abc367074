"""Signing in, second factors, sessions, providers and signed requests, through the whole server."""

import base64
import hashlib
import hmac
import http.client
import http.server
import itertools
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

from wenyuan_server import Client, Server, free_port

PASSWORD = "a long enough password"


def totp(secret, step=0):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    message = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(key, message, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(http.server.BaseHTTPRequestHandler):
    """A small OpenID provider that signs with the openssl program."""

    key, origin, codes, claims = None, None, {}, {}

    def log_message(self, *_):
        pass

    def answer(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/.well-known/openid-configuration":
            self.answer({"issuer": self.origin,
                         "authorization_endpoint": self.origin + "/authorize",
                         "token_endpoint": self.origin + "/token",
                         "end_session_endpoint": self.origin + "/logout",
                         "jwks_uri": self.origin + "/keys"})
        elif self.path == "/keys":
            modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"],
                                     capture_output=True, check=True).stdout
            n = bytes.fromhex(modulus.decode().strip().split("=")[1])
            self.answer({"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig",
                                   "n": b64url(n), "e": "AQAB"}]})
        else:
            self.answer({}, 404)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        nonce, challenge = self.codes.pop(form["code"][0], ("", ""))
        verifier = form["code_verifier"][0]
        if b64url(hashlib.sha256(verifier.encode()).digest()) != challenge:
            self.answer({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims = {"iss": self.origin, "aud": "client", "sub": "person-1", "nonce": nonce,
                  "iat": now, "exp": now + 60, "preferred_username": "olga", **self.claims}
        self.answer({"access_token": "a", "token_type": "Bearer", "id_token": self.token(claims)})

    @classmethod
    def token(cls, claims):
        text = (b64url(json.dumps({"alg": "RS256", "kid": "k"}).encode()) + "."
                + b64url(json.dumps(claims).encode()))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", cls.key],
                                   input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + b64url(signature)


class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("openssl") is None:
            raise unittest.SkipTest("no openssl program")
        folder = tempfile.TemporaryDirectory(prefix="wenyuan-test-identity-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        Provider.key = str(cls.folder / "key.pem")
        subprocess.run(["openssl", "genrsa", "-out", Provider.key, "2048"], check=True,
                       capture_output=True)
        port = free_port()
        Provider.origin = f"http://127.0.0.1:{port}"
        provider = http.server.ThreadingHTTPServer(("127.0.0.1", port), Provider)
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        cls.addClassCleanup(provider.server_close)
        cls.addClassCleanup(provider.shutdown)
        secret = cls.folder / "secret"
        secret.write_text("client secret\n")
        secret.chmod(0o600)
        config = cls.folder / "wenyuan.toml"
        config.write_text(f"""
[[sign_in_provider]]
id = "corp"
issuer = "{Provider.origin}"
client_id = "client"
client_secret_file = "{secret}"
redirect_uri = "http://127.0.0.1/v1/auth/oidc/corp/callback"
signed_out_uri = "http://127.0.0.1/"
create_users = true
""")
        models = cls.folder / "models"
        models.mkdir()
        cls.server = Server(models=models, arguments=["--config", str(config)])
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = Client(cls.server.port)
        cls.addresses = itertools.count(2)

    def setUp(self):
        # Sign-ins are limited by address, and there are many here.
        self.nobody = Client(self.server.port, key=None, address=f"127.0.1.{next(self.addresses)}")

    def user(self, roles=None):
        name = "user-" + uuid.uuid4().hex[:10]
        self.admin.must(201, self.admin.post("/v1/users", {
            "username": name, "password": PASSWORD, "roles": roles or []}))
        return name

    def sign_in(self, name, **more):
        return self.nobody.post("/v1/auth/login",
                                {"username": name, "password": PASSWORD, **more})

    def client(self, tokens):
        return Client(self.server.port, key=tokens["access_token"])

    def test_a_session_goes_on_until_its_refresh_token_comes_back(self):
        first = self.nobody.must(200, self.sign_in(self.user()))
        me = self.client(first)
        self.assertEqual(me.must(200, me.get("/v1/me"))["key_id"], first["session_id"])
        second = self.nobody.must(200, self.nobody.post(
            "/v1/auth/refresh", {"refresh_token": first["refresh_token"]}))
        again = self.nobody.post("/v1/auth/refresh", {"refresh_token": first["refresh_token"]})
        self.assertEqual(again.status, 401)
        for tokens in (first, second):
            self.assertEqual(self.client(tokens).get("/v1/me").status, 401)

    def test_sessions_are_listed_and_ended(self):
        name = self.user()
        one = self.client(self.nobody.must(200, self.sign_in(name)))
        two = self.client(self.nobody.must(200, self.sign_in(name)))
        sessions = one.must(200, one.get("/v1/sessions"))["data"]
        self.assertEqual([s["current"] for s in sessions], [True, False])
        one.must(204, one.delete("/v1/sessions"))
        self.assertEqual(two.get("/v1/me").status, 401)
        one.must(204, one.post("/v1/auth/logout"))
        self.assertEqual(one.get("/v1/me").status, 401)

    def test_an_administrator_needs_a_second_factor(self):
        name = self.user(["admin"])
        tokens = self.nobody.must(200, self.sign_in(name))
        self.assertTrue(tokens["second_factor_required"])
        boss = self.client(tokens)
        self.assertEqual(boss.get("/v1/users").status, 403)
        self.assertEqual(boss.post("/v1/api-keys", {"name": "k", "scopes": ["*"]}).status, 403)
        self.assertEqual(boss.post("/v1/me/totp", {}).status, 403, "without the password")
        begun = boss.must(201, boss.post("/v1/me/totp", {"current_password": PASSWORD}))
        codes = boss.must(200, boss.post("/v1/me/totp/confirm", {"totp": totp(begun["secret"])}))
        boss.must(200, boss.get("/v1/users"))
        needed = self.sign_in(name)
        self.assertEqual(needed.status, 401)
        self.assertEqual(needed.json["errors"][0]["pointer"], "/totp")
        used = self.sign_in(name, totp=totp(begun["secret"]))
        self.assertEqual(used.status, 401, "a code is good once")
        strong = self.nobody.must(200, self.sign_in(name, totp=codes["recovery_codes"][0]))
        self.assertFalse(strong["second_factor_required"])
        self.client(strong).must(200, self.client(strong).get("/v1/users"))

    def test_guessing_is_slowed_down(self):
        name = self.user()
        for _ in range(5):
            answer = self.nobody.post("/v1/auth/login", {"username": name, "password": "wrong one"})
            self.assertEqual(answer.status, 401)
        locked = self.sign_in(name)
        self.assertEqual(locked.status, 429)
        self.assertGreater(int(locked.headers["retry-after"]), 20)

    def browse(self, path, cookie=None):
        headers = {"Cookie": cookie} if cookie else {}
        connection = self.nobody.connect()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def through_provider(self):
        response, _ = self.browse("/v1/auth/oidc/corp/start")
        self.assertEqual(response.status, 303)
        cookie = response.getheader("Set-Cookie").split(";")[0]
        for part in ("HttpOnly", "SameSite=Lax"):
            self.assertIn(part, response.getheader("Set-Cookie"))
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(response.getheader("Location")).query)
        code = uuid.uuid4().hex
        Provider.codes[code] = (query["nonce"][0], query["code_challenge"][0])
        back = "/v1/auth/oidc/corp/callback?" + urllib.parse.urlencode(
            {"code": code, "state": query["state"][0]})
        return back, cookie

    def test_a_provider_vouches_for_a_new_user(self):
        self.assertEqual(self.nobody.get("/v1/auth/providers").json["data"][0]["id"], "corp")
        back, cookie = self.through_provider()
        response, body = self.browse(back, cookie)
        self.assertEqual(response.status, 303, body)
        code = response.getheader("Location").split("code=")[1]
        elsewhere = self.nobody.post("/v1/auth/exchange", {"code": code})
        self.assertEqual(elsewhere.status, 401, "another browser")
        back, cookie = self.through_provider()
        response, _ = self.browse(back, cookie)
        code = response.getheader("Location").split("code=")[1]
        tokens = self.nobody.must(200, self.nobody.post(
            "/v1/auth/exchange", {"code": code}, headers={"Cookie": cookie}))
        me = self.client(tokens)
        self.assertEqual(me.must(200, me.get("/v1/me"))["username"], "olga")
        sessions = me.must(200, me.get("/v1/sessions"))["data"]
        self.assertEqual(sessions[-1]["method"], "oidc:corp")

    def test_a_provider_is_not_believed_blindly(self):
        back, cookie = self.through_provider()
        self.assertEqual(self.browse(back)[0].status, 401, "without the cookie")
        self.assertEqual(self.browse(back, cookie)[0].status, 401, "the state was used up")
        for claims in ({"aud": "other"}, {"nonce": "x"}, {"exp": 1}, {"iss": "https://x.example"}):
            Provider.claims = claims
            back, cookie = self.through_provider()
            response, body = self.browse(back, cookie)
            Provider.claims = {}
            self.assertEqual(response.status, 401, claims)
            self.assertEqual(json.loads(body)["detail"], "The sign-in was refused; begin again")
        self.assertEqual(self.browse("/v1/auth/oidc/other/start")[0].status, 404)

    def test_an_identity_is_linked_and_unlinked_by_its_owner(self):
        name = self.user()
        me = self.client(self.nobody.must(200, self.sign_in(name)))
        self.assertEqual(me.get("/v1/me/identities").json["data"], [])
        path = "/v1/me/identities/corp"
        self.assertEqual(me.post(path, {}).status, 403, "without the password")
        self.assertEqual(self.admin.post(path, {}).status, 403, "no session")
        begun = me.post(path, {"current_password": PASSWORD})
        address = me.must(200, begun)["address"]
        cookie = begun.headers["set-cookie"].split(";")[0]
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
        self.assertEqual(query["prompt"], ["login"])
        code = uuid.uuid4().hex
        Provider.codes[code] = (query["nonce"][0], query["code_challenge"][0])
        Provider.claims = {"sub": "person-" + code}
        response, body = self.browse("/v1/auth/oidc/corp/callback?" + urllib.parse.urlencode(
            {"code": code, "state": query["state"][0]}), cookie)
        Provider.claims = {}
        self.assertEqual(response.status, 303, body)
        self.assertEqual(response.getheader("Location"), "/#/linked?provider=corp")
        links = me.must(200, me.get("/v1/me/identities"))["data"]
        self.assertEqual([(one["provider"], one["subject"]) for one in links],
                         [("oidc:corp", "person-" + code)])
        where = "/v1/me/identities/oidc:corp/person-" + code
        self.assertEqual(me.delete(where, body={}).status, 403)
        me.must(204, me.delete(where, body={"current_password": PASSWORD}))
        self.assertEqual(me.get("/v1/me/identities").json["data"], [])
        self.assertEqual(me.delete(where, body={"current_password": PASSWORD}).status, 404)

    def page(self, method, path, body=None, cookie=None, **headers):
        """As our page in a browser asks; keyword arguments replace headers, None leaves one out."""
        all_headers = {"Sec-Fetch-Site": "same-origin",
                       "Origin": f"http://127.0.0.1:{self.server.port}", "Cookie": cookie}
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.nobody.request(method, path, body=body, headers={
            name: value for name, value in all_headers.items() if value is not None})

    def browser(self, name, **more):
        answer = self.page("POST", "/v1/auth/login", {
            "username": name, "password": PASSWORD, "browser": True, **more})
        self.assertEqual(answer.status, 200, answer.body)
        return answer, answer.headers["set-cookie"].split(";")[0]

    def test_the_page_keeps_its_session_in_a_cookie(self):
        name = self.user()
        answer, cookie = self.browser(name)
        self.assertNotIn("access_token", answer.json)
        self.assertNotIn("refresh_token", answer.json)
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, answer.headers["set-cookie"])
        me = self.page("GET", "/v1/me", cookie=cookie)
        self.assertEqual((me.status, me.json["username"]), (200, name))
        self.assertEqual(me.json["session"]["id"], answer.json["session_id"])
        made = self.page("POST", "/v1/collections", {"name": "x", "kind": "personal"}, cookie)
        self.assertEqual(made.status, 201)
        token = cookie.split("=")[1]
        self.assertEqual(Client(self.server.port, key=token).get("/v1/me").status, 401,
                         "what is in a cookie is nothing in a header")
        key = self.nobody.request("GET", "/v1/me", headers={
            "Cookie": cookie, "Authorization": "Bearer " + self.admin.key})
        self.assertEqual(key.json["username"], "admin", "a key goes first")
        over_https = self.page("POST", "/v1/auth/login", {
            "username": name, "password": PASSWORD, "browser": True}, Sec_Fetch_Site=None,
            Origin=f"https://127.0.0.1:{self.server.port}")
        self.assertTrue(over_https.headers["set-cookie"].startswith("__Host-"))
        self.assertIn("; Secure", over_https.headers["set-cookie"])
        out = self.page("POST", "/v1/auth/logout", cookie=cookie)
        self.assertEqual(out.status, 204)
        self.assertIn("Max-Age=0", out.headers["set-cookie"])
        self.assertEqual(self.page("GET", "/v1/me", cookie=cookie).status, 401)

    def test_other_sites_get_nothing_from_the_cookie(self):
        name = self.user()
        _, cookie = self.browser(name)
        collection = {"name": "planted", "kind": "personal"}
        port = self.server.port
        for headers in ({"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"},
                        {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"},
                        {"Sec_Fetch_Site": None, "Origin": "https://evil.example"},
                        {"Sec_Fetch_Site": None, "Origin": "null"},
                        {"Sec_Fetch_Site": None, "Origin": f"http://127.0.0.1:{port}.evil.example"},
                        {"Sec_Fetch_Site": None, "Origin": f"http://127.0.0.1:{port + 1}"},
                        {"Sec_Fetch_Site": None, "Origin": None}):
            answer = self.page("POST", "/v1/collections", collection, cookie, **headers)
            self.assertEqual(answer.status, 403, headers)
            login = self.page("POST", "/v1/auth/login", {
                "username": name, "password": PASSWORD, "browser": True}, **headers)
            self.assertEqual(login.status, 403, headers)
            self.assertNotIn("set-cookie", login.headers)
        read = self.page("GET", "/v1/collections", cookie=cookie, Sec_Fetch_Site="cross-site")
        self.assertEqual(read.status, 403)
        self.assertEqual(self.page("GET", "/v1/collections", cookie=cookie).json["data"], [])

    def test_a_second_factor_in_the_browser(self):
        name = self.user(["admin"])
        answer, cookie = self.browser(name)
        self.assertTrue(answer.json["second_factor_required"])
        begun = self.page("POST", "/v1/me/totp", {"current_password": PASSWORD}, cookie)
        self.assertEqual(begun.status, 201)
        self.assertTrue(begun.json["qr_svg"].startswith("<svg "))
        self.assertEqual(self.page("GET", "/v1/users", cookie=cookie).status, 403)
        confirmed = self.page("POST", "/v1/me/totp/confirm", {"totp": totp(begun.json["secret"])},
                              cookie)
        self.assertEqual(len(confirmed.json["recovery_codes"]), 10)
        self.assertEqual(self.page("GET", "/v1/users", cookie=cookie).status, 200)
        again, other = self.browser(name, totp=confirmed.json["recovery_codes"][0])
        self.assertFalse(again.json["second_factor_required"])
        me = self.page("GET", "/v1/me", cookie=other).json
        changed = self.page("PATCH", "/v1/users/" + me["id"], {
            "password": PASSWORD + "!", "current_password": PASSWORD}, other)
        self.assertEqual(changed.status, 200, changed.body)
        self.assertEqual(self.page("GET", "/v1/me", cookie=cookie).status, 401, "it has ended")
        self.assertEqual(self.page("GET", "/v1/me", cookie=other).status, 200)

    def through_provider_in_browser(self, **claims):
        Provider.claims = claims
        back, cookie = self.through_provider()
        response, body = self.browse(back, cookie)
        Provider.claims = {}
        self.assertEqual(response.status, 303, body)
        code = response.getheader("Location").split("code=")[1]
        answer = self.page("POST", "/v1/auth/exchange", {"code": code, "browser": True}, cookie)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.headers["set-cookie"].split(";")[0]

    def sign_out_there(self, **claims):
        now = int(time.time())
        everything = {"iss": Provider.origin, "aud": "client", "iat": now, "exp": now + 60,
                      "jti": uuid.uuid4().hex, "events": {
                          "http://schemas.openid.net/event/backchannel-logout": {}}} | claims
        token = Provider.token({k: v for k, v in everything.items() if v is not None})
        return self.send_logout(token), token

    def send_logout(self, token):
        return self.nobody.request(
            "POST", "/v1/auth/oidc/corp/backchannel-logout",
            body=urllib.parse.urlencode({"logout_token": token}).encode(),
            content_type="application/x-www-form-urlencoded")

    def test_a_provider_signs_out(self):
        one = self.through_provider_in_browser(sub="person-2", preferred_username="rita", sid="s1")
        two = self.through_provider_in_browser(sub="person-2", preferred_username="rita", sid="s2")
        answer, token = self.sign_out_there(sid="s1")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(self.page("GET", "/v1/me", cookie=one).status, 401)
        self.assertEqual(self.page("GET", "/v1/me", cookie=two).status, 200)
        self.assertEqual(self.send_logout(token).status, 400, "it came before")
        for wrong in ({"sub": "person-2", "nonce": "n"}, {"sub": "person-2", "aud": "other"},
                      {"sub": "person-2", "events": {}}, {"sub": "person-2", "jti": None}, {}):
            self.assertEqual(self.sign_out_there(**wrong)[0].status, 400, wrong)
        self.assertEqual(self.send_logout("garbage").status, 400)
        self.assertEqual(self.page("GET", "/v1/me", cookie=two).status, 200)
        self.assertEqual(self.sign_out_there(sub="person-2")[0].status, 200)
        self.assertEqual(self.page("GET", "/v1/me", cookie=two).status, 401)
        records = self.admin.must(200, self.admin.get(
            "/v1/audit/events?action=auth.provider_sign_out&limit=100"))["data"]
        self.assertEqual({record["outcome"] for record in records}, {"allowed", "refused"})

    def test_signing_out_here_tells_where_to_sign_out_there(self):
        cookie = self.through_provider_in_browser(sub="person-3", preferred_username="sven")
        out = self.page("POST", "/v1/auth/logout", cookie=cookie)
        self.assertEqual(out.status, 200)
        self.assertEqual(out.json["provider_sign_out"], Provider.origin + "/logout?client_id=client"
                         "&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%2F")

    def test_a_person_who_was_refused_sees_the_page(self):
        back, _ = self.through_provider()
        connection = self.nobody.connect()
        connection.request("GET", back, headers={"Accept": "text/html,*/*;q=0.8"})
        response = connection.getresponse()
        self.assertEqual((response.status, response.getheader("Location")),
                         (303, "/#/sign-in-refused"))
        connection.close()

    def signed(self, key, secret, method, target, body=b"", nonce=None, sent=None):
        port = self.server.port
        digest = hashlib.sha256(body).hexdigest()
        now, nonce = str(int(time.time())), nonce or uuid.uuid4().hex
        text = "\n".join(["WY-HMAC-SHA256", method, f"127.0.0.1:{port}", target, now, nonce, digest])
        mac = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()
        header = (f"WY-HMAC-SHA256 key={key}, time={now}, nonce={nonce}, body={digest}, "
                  f"signature={mac}")
        return self.nobody.request(method, target, body=(sent if sent is not None else body) or None,
                                   headers={"Authorization": header},
                                   content_type="application/json" if body else None)

    def test_requests_may_be_signed(self):
        made = self.admin.must(201, self.admin.post("/v1/request-keys", {
            "name": "program", "kind": "hmac-sha256", "scopes": ["documents:read", "search"]}))
        key, secret = made["id"], base64.b64decode(made["secret"])
        answer = self.signed(key, secret, "GET", "/v1/me?x=%20")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.json["key_id"], key)
        self.assertEqual(self.signed(key, secret, "GET", "/v1/users").status, 403)
        nonce = uuid.uuid4().hex
        body = json.dumps({"query": "anything"}).encode()
        self.assertEqual(self.signed(key, secret, "POST", "/v1/search", body, nonce).status, 200)
        self.assertEqual(self.signed(key, secret, "POST", "/v1/search", body, nonce).status, 401)
        other = self.signed(key, secret, "POST", "/v1/search", body,
                            sent=body.replace(b"any", b"any "))
        self.assertEqual(other.status, 401, "another body")
        self.admin.must(204, self.admin.delete("/v1/request-keys/" + key))
        self.assertEqual(self.signed(key, secret, "GET", "/v1/me").status, 401)

    def test_quotas_hold(self):
        user, client = self.admin.create_user("quota-" + uuid.uuid4().hex[:8])
        collection = client.create_collection("mine")["id"]
        self.admin.must(200, self.admin.request(
            "PUT", "/v1/quotas/" + collection, body={"documents": 1}))
        client.add_text(collection, "one", "the first text")
        full = client.post(f"/v1/collections/{collection}/documents",
                           {"title": "two", "text": "the second text"})
        self.assertEqual(full.status, 413)
        self.admin.must(200, self.admin.request(
            "PUT", "/v1/quotas/" + user["id"], body={"questions_per_day": 1}))
        client.ask("What is the first text?")
        spent = client.post("/v1/ask", {"question": "And now?"})
        self.assertEqual(spent.status, 429)
        self.assertGreater(int(spent.headers["retry-after"]), 0)
        mine = client.must(200, client.get("/v1/quotas/" + user["id"]))
        self.assertEqual(mine["used"]["questions_today"], 1)

    def test_questions_to_a_collection_are_limited(self):
        _, client = self.admin.create_user("asker-" + uuid.uuid4().hex[:8])
        _, other = self.admin.create_user("other-" + uuid.uuid4().hex[:8])
        limited = client.create_collection("limited")["id"]
        free = client.create_collection("free")["id"]
        client.wait_for([client.add_text(one, "Pump", "The pump stands in hall seven.")["id"]
                         for one in (limited, free)])
        self.admin.must(200, self.admin.request(
            "PUT", "/v1/quotas/" + limited, body={"questions_per_day": 2}))
        def ask(who, *ids):
            body = {"question": "Where is the pump?"}
            return who.post("/v1/ask", {**body, "collection_ids": list(ids)} if ids else body)
        self.assertEqual(ask(client, limited).status, 200)
        for _ in range(3):  # who may not know of it neither counts nor hears of it
            self.assertEqual(ask(other, limited).status, 404)
        self.assertEqual(ask(client).status, 200, "names none, so it is asked of each")
        spent = ask(client, limited, free)
        self.assertEqual(spent.status, 429)
        self.assertIn(limited, spent.json["detail"])
        self.assertGreater(int(spent.headers["retry-after"]), 0)
        self.assertEqual(ask(client, free).status, 200)
        self.assertEqual(ask(other, limited).status, 404)

    def test_limits_of_the_day_are_in_the_headers(self):
        user, client = self.admin.create_user("header-" + uuid.uuid4().hex[:8])
        self.admin.must(200, self.admin.request("PUT", "/v1/quotas/" + user["id"], body={
            "questions_per_day": 5, "tokens_per_day": 1000}))
        answer = client.post("/v1/ask", {"question": "Where is the pump?"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["ratelimit-policy"],
                         '"questions";q=5;w=86400, "tokens";q=1000;w=86400')
        self.assertRegex(answer.headers["ratelimit"],
                         r'^"questions";r=4;t=\d+, "tokens";r=1000;t=\d+$')
        mine = client.must(200, client.get("/v1/quotas/" + user["id"]))
        self.assertEqual((mine["tokens_per_day"], mine["used"]["tokens_today"]), (1000, 0))


if __name__ == "__main__":
    unittest.main()
