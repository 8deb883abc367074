"""Every kind of credential that the server takes, and wrong ones of each kind."""

import base64
import hashlib
import hmac
import json
import subprocess
import time
import uuid

from test_identity import PASSWORD, totp
from wenyuan_server import QuickClient


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class SignedClient(QuickClient):
    """Signs each request (WY-HMAC-SHA256). `spoil` changes what is signed or sent: a function that
    gets and gives a dictionary of key, time, nonce, digest and body."""

    def __init__(self, port, key_id, secret, spoil=None):
        super().__init__(port, key=None)
        self.key_id, self.secret, self.spoil = key_id, secret, spoil

    def request(self, method, path, body=None, headers=None, content_type=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            content_type = content_type or "application/json"
        parts = {"key": self.key_id, "time": str(int(time.time())), "nonce": uuid.uuid4().hex,
                 "digest": hashlib.sha256(body or b"").hexdigest(), "secret": self.secret}
        parts = self.spoil(parts) if self.spoil else parts
        text = "\n".join(["WY-HMAC-SHA256", method, f"127.0.0.1:{self.port}", path, parts["time"],
                          parts["nonce"], parts["digest"]])
        mac = hmac.new(parts["secret"], text.encode(), hashlib.sha256).digest()
        header = (f"WY-HMAC-SHA256 key={parts['key']}, time={parts['time']}, "
                  f"nonce={parts['nonce']}, body={parts['digest']}, "
                  f"signature={base64.b64encode(mac).decode()}")
        return super().request(method, path, body=body,
                               headers={**(headers or {}), "Authorization": header},
                               content_type=content_type)


class Gateway:
    """Vouches for users by JSON Web Tokens that the openssl program signs."""

    issuer, audience = "https://gateway.example.com", "wenyuan"

    def __init__(self, folder):
        self.key = folder / "gateway.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True,
                       capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"],
                                 capture_output=True, check=True).stdout
        n = bytes.fromhex(modulus.decode().strip().split("=")[1])
        jwks = folder / "jwks.json"
        jwks.write_text(json.dumps({"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256",
                                              "use": "sig", "n": b64url(n), "e": "AQAB"}]}))
        jwks.chmod(0o600)
        self.config = (f'[[gateway]]\nid = "gate"\nissuer = "{self.issuer}"\n'
                       f'audience = "{self.audience}"\njwks_file = "{jwks}"\n'
                       "create_users = true\n")

    def token(self, subject, header=None, **claims):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.audience, "sub": subject, "iat": now,
                  "exp": now + 3000, "preferred_username": subject, **claims}
        text = (b64url(json.dumps(header or {"alg": "RS256", "kid": "k"}).encode())
                + "." + b64url(json.dumps(claims).encode()))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key],
                                   input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + b64url(signature)


def session(server, name):
    """Tokens of a new session."""
    nobody = QuickClient(server.port, key=None)
    tokens = nobody.must(200, nobody.post("/v1/auth/login",
                                          {"username": name, "password": PASSWORD}))
    nobody.close()
    return tokens


def strong_session(server, name):
    """A client in a new session that has shown a second factor, and so sets one up."""
    client = QuickClient(server.port, key=session(server, name)["access_token"])
    begun = client.must(201, client.post("/v1/me/totp", {"current_password": PASSWORD}))
    client.must(200, client.post("/v1/me/totp/confirm", {"totp": totp(begun["secret"])}))
    return client


def request_key(client, **more):
    made = client.must(201, client.post("/v1/request-keys", {
        "name": "program", "kind": "hmac-sha256", **more}))
    return made["id"], base64.b64decode(made["secret"])


def every_kind(server, gateway, admin, name, roles=()):
    """A new user and a client for each kind of credential of theirs: a key, a session, a signature;
    for users without a duty a gateway's token (who has one does not come by a gateway), for others
    a session that has shown a second factor."""
    kinds = {}
    if not roles:
        kinds["gateway"] = QuickClient(server.port, key=gateway.token(name))
        user = kinds["gateway"].must(200, kinds["gateway"].get("/v1/me"))
        admin.must(200, admin.patch("/v1/users/" + user["id"], {"password": PASSWORD}))
    else:
        user = admin.must(201, admin.post("/v1/users", {
            "username": name, "password": PASSWORD, "roles": list(roles)}))
    key = admin.must(201, admin.post("/v1/api-keys", {
        "name": "test", "scopes": ["*"], "expires_in": 86400, "user_id": user["id"]}))
    kinds["key"] = QuickClient(server.port, key=key["key"])
    kinds["signature"] = SignedClient(server.port, *request_key(admin, user_id=user["id"],
                                                                scopes=["*"]))
    kinds["session"] = QuickClient(server.port, key=session(server, name)["access_token"])
    if roles:
        kinds["strong session"] = strong_session(server, name)
    return user, kinds
