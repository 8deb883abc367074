"""How each reading route of the contract is asked, so that tests can ask all of them.

`READS` has every route that shows something, `CHANGES` the POSTs that only change something. A
route of the contract that is in neither is a mistake: check_contract() says what to add where."""

import dataclasses
import json
import pathlib
import re
import secrets

CONTRACT = pathlib.Path(__file__).resolve().parents[2] / "schema" / "openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


# Before, between and after the times of versions in stores that tests make.
MOMENTS = ("2018-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z")
OF_A_VERSION = ("?as_of=" + MOMENTS[1], "?as_of=" + MOMENTS[2], "?version=1", "?version=7")


def contract_routes():
    for path, operations in json.loads(CONTRACT.read_text())["paths"].items():
        for method in METHODS:
            if method in operations:
                yield method, path, operations[method]


def absent_like(object_id):
    head, _, tail = object_id.rpartition("_")
    return head + "_" + "".join(secrets.choice(ALPHABET) for _ in tail)


@dataclasses.dataclass
class Asker:
    """Who asks, and what of. Ids may be of what the asker may not see, or of what is absent."""
    chance: object
    user: str
    documents: list
    jobs: list
    collections: list
    visible_collections: list
    names: list          # of collections
    words: list          # rare and common words of the texts
    external_ids: list
    others: list         # users and groups
    unknown: list        # those of the ids that say nothing to the asker
    policies: list


def plain(method, *paths):
    return lambda asker: [(method, path, None) for path in paths]


def each(kind, *endings):
    """Endings of which one is asked for each object, or all of the only one."""
    def asked(asker):
        path = "/v1/" + kind + "/"
        return [("GET", path + object_id + asker.chance.choice(endings), None)
                for object_id in getattr(asker, kind)]
    return asked


def question(asker):
    return " ".join(asker.chance.sample(asker.words, 2))


def searches(asker):
    chance = asker.chance
    bodies = []
    for mode in ("keyword", "semantic", "hybrid"):
        bodies.append({"query": question(asker), "mode": mode,
                       "limit": chance.choice((1, 3, 10, 100))})
    bodies.append({"query": f'"{question(asker)}"', "mode": "keyword", "rerank": False})
    bodies.append({"query": question(asker), "rerank": False, "filter": chance.choice((
        {"attributes": {"department": "hr"}}, {"media_type": "text/plain"},
        {"external_id": chance.choice(asker.external_ids)},
        {"created_after": "2020-01-01T00:00:00Z"}))})
    bodies.append({"query": question(asker), "as_of": chance.choice(MOMENTS)})
    bodies.append({"query": question(asker), "mode": "keyword", "as_of": MOMENTS[1],
                   "filter": {"external_id": chance.choice(asker.external_ids)}})
    bodies.append({"query": question(asker), "collection_ids": [chance.choice(asker.collections)]})
    if asker.visible_collections:
        bodies.append({"query": question(asker), "collection_ids": asker.visible_collections})
    return [("POST", "/v1/search", body) for body in bodies]


def asks(asker):
    first = {"question": question(asker) + "?", "seed": 7}
    third = {"question": question(asker) + "?", "seed": 7, "as_of": asker.chance.choice(MOMENTS)}
    second = {"question": f"What is {question(asker)}?", "seed": 7, "stream": True}
    if asker.chance.random() < 0.5:
        second["collection_ids"] = [asker.chance.choice(asker.collections)]
    return [("POST", "/v1/ask", body) for body in (first, second, third)]


def chats(asker):
    model = "wenyuan" + asker.chance.choice(
        ["", "/" + asker.chance.choice(asker.collections), "/" + asker.chance.choice(asker.names)])
    return [("POST", "/v1/chat/completions", {
        "model": model, "seed": 7, "stream": asker.chance.random() < 0.5,
        "messages": [{"role": "user", "content": question(asker) + "?"}]})]


def completions(asker):
    return [("POST", "/v1/completions", {"model": "wenyuan", "seed": 7,
                                         "prompt": question(asker) + "?"})]


# What tells of documents, collections and jobs: nobody's duty opens any of it.
CONTENT = {
    ("get", "/v1/collections"): plain("GET", "/v1/collections", "/v1/collections?limit=1",
                                      "/v1/collections?kind=organization&limit=2"),
    ("get", "/v1/collections/{id}"): each("collections", ""),
    ("get", "/v1/collections/{id}/documents"): lambda asker: [
        ("GET", f"/v1/collections/{object_id}/documents{ending}", None)
        for object_id in asker.collections for ending in ("", asker.chance.choice((
            "?limit=1", "?state=ready", "?media_type=text/plain", "?limit=0",
            "?created_after=2020-01-01T00:00:00Z", "?external_id="
            + asker.chance.choice(asker.external_ids))))],
    ("get", "/v1/collections/{id}/pack"): each("collections", "/pack"),
    ("get", "/v1/documents/{id}"): each("documents", ""),
    ("get", "/v1/documents/{id}/content"): each("documents", "/content", *("/content" + of for of in OF_A_VERSION)),
    ("get", "/v1/documents/{id}/chunks"): each(
        "documents", "/chunks", "/chunks?limit=1", *("/chunks" + of for of in OF_A_VERSION)),
    ("get", "/v1/documents/{id}/versions"): each(
        "documents", "/versions", *("/versions" + of for of in OF_A_VERSION)),
    ("get", "/v1/jobs/{id}"): each("jobs", ""),
    ("get", "/v1/jobs/{id}/events"): each("jobs", "/events"),
    ("post", "/v1/search"): searches,
    ("post", "/v1/ask"): asks,
    ("post", "/v1/chat/completions"): chats,
    ("post", "/v1/completions"): completions,
    ("get", "/v1/models"): plain("GET", "/v1/models"),
    ("get", "/v1/grants"): lambda asker: [
        ("GET", "/v1/grants?resource=" + resource, None)
        for resource in (*asker.collections, *asker.documents[:2])],
}
# What a user who has no duty is shown of the rest of the server.
OTHERS = {
    ("get", "/healthz"): plain("GET", "/healthz"),
    ("get", "/readyz"): plain("GET", "/readyz"),
    # From elsewhere: on the machine itself these numbers are for whoever runs it.
    ("get", "/metrics"): plain("GET", "/metrics"),
    ("get", "/openapi.json"): plain("GET", "/openapi.json"),
    ("get", "/v1/auth/providers"): plain("GET", "/v1/auth/providers"),
    ("get", "/v1/auth/oidc/{provider}/start"): plain("GET", "/v1/auth/oidc/none/start"),
    ("get", "/v1/auth/oidc/{provider}/callback"): plain("GET", "/v1/auth/oidc/none/callback"),
    ("get", "/v1/sessions"): plain("GET", "/v1/sessions"),
    ("get", "/v1/me"): plain("GET", "/v1/me"),
    ("get", "/v1/users"): plain("GET", "/v1/users"),
    ("get", "/v1/users/{id}"): lambda asker: [
        ("GET", "/v1/users/" + user, None) for user in (asker.user, asker.others[0])],
    ("get", "/v1/groups"): plain("GET", "/v1/groups"),
    ("get", "/v1/groups/{id}"): lambda asker: [("GET", "/v1/groups/" + asker.others[-1], None)],
    ("get", "/v1/groups/{id}/users"): lambda asker: [
        ("GET", f"/v1/groups/{asker.others[-1]}/users", None)],
    ("get", "/v1/duties"): plain("GET", "/v1/duties"),
    ("get", "/v1/roles"): plain("GET", "/v1/roles"),
    ("get", "/v1/roles/{id}"): plain("GET", "/v1/roles/auditor", "/v1/roles/nobody"),
    ("get", "/v1/break-glass"): plain("GET", "/v1/break-glass"),
    ("get", "/v1/break-glass/{id}"): plain("GET", "/v1/break-glass/bgl_none"),
    ("get", "/v1/break-glass/{id}/reads"): plain("GET", "/v1/break-glass/bgl_none/reads"),
    ("get", "/v1/me/break-glass"): plain("GET", "/v1/me/break-glass"),
    ("get", "/v1/me/break-glass/{id}/reads"): plain("GET", "/v1/me/break-glass/bgl_none/reads"),
    ("get", "/v1/me/identities"): plain("GET", "/v1/me/identities"),
    ("get", "/v1/api-keys"): plain("GET", "/v1/api-keys"),
    ("get", "/v1/request-keys"): plain("GET", "/v1/request-keys"),
    # Administrators are shown how much each user holds, which is what they limit.
    ("get", "/v1/quotas/{id}"): lambda asker: [
        ("GET", "/v1/quotas/" + subject, None) for subject in (asker.user, asker.others[0])],
    ("get", "/v1/policies"): plain("GET", "/v1/policies"),
    ("get", "/v1/policies/export"): plain("GET", "/v1/policies/export"),
    ("get", "/v1/policies/{id}/links"): each("policies", "/links"),
    ("get", "/v1/policies/{id}/links/{link_id}"): each("policies", "/links/lnk_none"),
    ("get", "/v1/backups"): plain("GET", "/v1/backups"),
    ("get", "/v1/policies/schema"): plain("GET", "/v1/policies/schema"),
    ("get", "/v1/policies/{id}"): each("policies", ""),
    ("get", "/v1/policies/{id}/versions"): each("policies", "/versions"),
    **{("post", f"/v1/policies/{ask}"): (lambda ask: lambda asker: [
        ("POST", f"/v1/policies/{ask}", {"resource": asker.documents[-1], "principal": asker.user,
                                         "action": "read"})])(ask)
       for ask in ("check", "who-can-see", "what-can-see", "simulate")},
    ("get", "/v1/audit/events"): plain("GET", "/v1/audit/events"),
    ("get", "/v1/audit/checkpoints"): plain("GET", "/v1/audit/checkpoints"),
    ("get", "/v1/audit/proofs"): plain("GET", "/v1/audit/proofs?leaf=1&size=2"),
    ("get", "/v1/audit/export"): plain("GET", "/v1/audit/export"),
    ("get", "/v1/audit/holds"): plain("GET", "/v1/audit/holds"),
    ("get", "/v1/erasures/{id}"): plain("GET", "/v1/erasures/rct_00000000000000000000000000"),
    ("post", "/v1/embeddings"): lambda asker: [
        ("POST", "/v1/embeddings", {"input": question(asker)})],
    ("post", "/v1/rerank"): lambda asker: [
        ("POST", "/v1/rerank", {"query": question(asker), "documents": asker.words[:3]})],
}
READS = CONTENT | OTHERS
CHANGES = {("post", path) for path in (
    "/v1/auth/login", "/v1/auth/logout", "/v1/auth/refresh", "/v1/auth/exchange",
    "/v1/auth/oidc/{provider}/backchannel-logout", "/v1/me/identities/{provider}", "/v1/roles",
    "/v1/backups", "/v1/collections/{id}/pack", "/v1/policies/import", "/v1/policies/{id}/links",
    "/v1/break-glass", "/v1/break-glass/{id}/approve", "/v1/break-glass/{id}/end",
    "/v1/auth/second-factor", "/v1/me/totp", "/v1/me/totp/confirm", "/v1/me/recovery-codes",
    "/v1/users", "/v1/groups", "/v1/grants", "/v1/api-keys", "/v1/policies", "/v1/request-keys",
    "/v1/collections", "/v1/collections/{id}/documents", "/v1/audit/holds",
    "/v1/master-key/rotate")}


def check_contract():
    """What is wrong with READS and CHANGES, one sentence each."""
    known, complaints = {(method, path) for method, path, _ in contract_routes()}, []
    for method, path in sorted(known - set(READS) - CHANGES):
        if method == "get":
            complaints.append(
                f"GET {path} is a new route that reads. tests/server/read_routes.py has to know "
                "how to ask it: add it to CONTENT when it tells of documents, collections or jobs, "
                "else to OTHERS")
        elif method == "post":
            complaints.append(
                f"POST {path} is new. In tests/server/read_routes.py add it to CONTENT or OTHERS "
                "when its answer shows what is stored, to CHANGES when it only changes something")
    complaints += [f"{method.upper()} {path} is in tests/server/read_routes.py, but not in the "
                   "contract" for method, path in sorted((set(READS) | CHANGES) - known)]
    return complaints


# What differs between two answers to the same request for a reason that has nothing to do with
# others: how long it took, and names and times made anew for each answer.
OWN_PARTS = tuple((re.compile(pattern), replacement) for pattern, replacement in (
    (rb'"took_ms":\d+', b'"took_ms":0'),
    (rb'"timings_ms":\{[^{}]*\}', b'"timings_ms":{}'),
    (rb'"receipt_id":"rct_[0-9a-z]{26}"', b'"receipt_id":""'),
    (rb'("id":"(?:chatcmpl|cmpl))_[0-9a-z]{26}(","object":"[a-z._]+","created":)\d+',
     rb'\g<1>\g<2>0'),
    (rb'"last_used_at":"[^"]*"', b'"last_used_at":""'),
    # A pack says when it was made, and signs that; a tar archive's sums follow from its files.
    (rb"(?m)^(time|signature) [^\n]+\n", b"\\1\n"),
    (rb"(?m)^: ping\n\n", b""),  # in a stream whose answer takes long
))
OWN_HEADERS = ("date", "ratelimit-remaining", "ratelimit-reset")


def comparable(answer, unknown=()):
    """`unknown` are ids that the request may have named, and that an answer may so repeat."""
    body = answer.body
    for object_id in unknown:
        body = body.replace(object_id.encode(), b"UNKNOWN")
    for pattern, replacement in OWN_PARTS:
        body = pattern.sub(replacement, body)
    headers = sorted((name, value) for name, value in answer.headers.items()
                     if name not in OWN_HEADERS
                     # follows from the body, which is compared
                     and name != "content-length")
    return answer.status, headers, body


def ask_all(client, asker, routes):
    """What was asked and what can be compared of each answer, in an order that depends on the asker
    alone: (route, request, comparable answer, answer)."""
    answers = []

    def note(route, request, answer):
        answers.append((route, request, comparable(answer, asker.unknown), answer))

    for route, requests in routes.items():
        for method, path, body in requests(asker):
            headers = {"X-Request-Id": "same", "X-Forwarded-For": "192.0.2.1"}
            answer = client.request(method, path, body=body, headers=headers)
            note(route, (method, path, body), answer)
            # Pages behind the first: two are enough.
            for _ in range(2):
                if "limit=1" not in path or answer.status != 200:
                    break
                cursor = answer.json["next_cursor"]
                if not cursor:
                    break
                answer = client.request(method, f"{path}&cursor={cursor}", headers=headers)
                note(route, (method, path + "&cursor", body), answer)
    return answers
