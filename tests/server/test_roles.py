"""Groups in groups, through the whole server."""

import unittest

from wenyuan_server import Server


class Groups(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(arguments=("--requests-per-second", "100000"))
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.admin = cls.server.client()

    def group(self, name, members):
        return self.admin.must(201, self.admin.post("/v1/groups", {
            "name": name, "members": members}))["id"]

    def test_a_grant_reaches_whoever_is_in_a_group_of_the_group(self):
        owner_user, owner = self.admin.create_user("gus")
        reader_user, reader = self.admin.create_user("greta")
        collection = owner.create_collection("Shared with many")["id"]
        document = owner.add_text(collection, "Note", "The pump stands in hall seven.")["id"]
        inner = self.group("inner", [reader_user["id"]])
        outer = self.group("outer", [self.group("middle", [inner])])
        path = "/v1/documents/" + document
        self.assertEqual(reader.get(path).status, 404)
        grant = owner.must(201, owner.post("/v1/grants", {
            "principal": outer, "role": "reader", "resource": collection}))
        self.assertEqual(reader.get(path).status, 200)
        groups = reader.must(200, reader.get("/v1/me"))["groups"]
        self.assertEqual({(g["name"], g["direct"]) for g in groups},
                         {("inner", True), ("middle", False), ("outer", False)})
        everybody = self.admin.must(200, self.admin.get(f"/v1/groups/{outer}/users"))
        self.assertEqual(everybody["data"], [reader_user["id"]])
        self.admin.must(204, self.admin.delete(f"/v1/groups/{inner}/members/{reader_user['id']}"))
        self.assertEqual(reader.get(path).status, 404)
        self.admin.must(204, self.admin.request(
            "PUT", f"/v1/groups/{inner}/members/{reader_user['id']}"))
        self.assertEqual(reader.get(path).status, 200)
        owner.must(204, owner.delete("/v1/grants/" + grant["id"]))
        self.assertEqual(reader.get(path).status, 404)

    def test_no_group_is_in_itself(self):
        low = self.group("low", [])
        high = self.group("high", [low])
        cycle = self.admin.request("PUT", f"/v1/groups/{low}/members/{high}")
        self.assertEqual(cycle.status, 409)
        self.assertIn("in itself", cycle.json["detail"])
        self.assertEqual(self.admin.patch(f"/v1/groups/{low}", {"members": [high]}).status, 409)
        nobody = self.admin.patch(f"/v1/groups/{low}", {"members": ["usr_none"]})
        self.assertEqual(nobody.status, 400)
        _, stranger = self.admin.create_user("gerd")
        for method, path in (("GET", f"/v1/groups/{low}/users"),
                             ("PUT", f"/v1/groups/{low}/members/{low}"),
                             ("DELETE", f"/v1/groups/{high}/members/{low}")):
            self.assertEqual(stranger.request(method, path).status, 403)


if __name__ == "__main__":
    unittest.main()
