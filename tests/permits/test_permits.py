"""A forgotten check must not compile: every function of store and index that reaches content takes
a Permit, and nothing else will do in its place.

The functions are read from the headers, so a new one is tried without being listed here; one that
takes no permit fails until reviewed.py says why it needs none, and who may call it. For each of the
others the compiler is given one right call and several wrong ones, each in a function on a line of
its own, and must complain about exactly the wrong lines, in the words that belong to them.

CXX names the compiler (default c++)."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from declarations import functions
from reviewed import CONTENT_TABLES, FUNCTIONS, SQL_OUTSIDE_STORE

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
GUARDED = ("store", "index")
COMPILER = os.environ.get("CXX", "c++")
NOT_CALLABLE = (r"cannot convert|could not convert|invalid initialization|invalid conversion|"
                r"too few arguments|no matching|no viable")
NO_PERMIT_FROM = (r"cannot convert|could not convert|invalid initialization|no matching|no viable|"
                  r"no suitable constructor|is private|private constructor|could not bind")

PRELUDE = """
#include <span>
#include <utility>
#include "index/compartments.h"
#include "store/content_store.h"
#include "store/version_retention.h"
namespace wenyuan {
using namespace store;
using namespace index;
// As like a permit as a stranger can make it.
struct Likeness {
  std::string principal_id_; Action action_; Epoch epoch_;
  std::vector<LabelId> labels_; std::vector<std::string> collections_;
};
"""


def sources():
    return sorted(path for path in SRC.rglob("*") if path.suffix in (".cc", ".h"))


def included(text):
    return set(re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, flags=re.MULTILINE))


def open_headers():
    """Headers of the guarded folders that other folders include, themselves or through another."""
    names = {f"{folder}/{path.name}" for folder in GUARDED for path in (SRC / folder).glob("*.h")}
    wanted = set()
    for path in sources():
        if path.parent.name not in GUARDED:
            wanted |= included(path.read_text()) & names
    while True:
        more = set().union(*(included((SRC / name).read_text()) & names for name in wanted))
        if more <= wanted:
            return sorted(wanted)
        wanted |= more


def reviewed_or_named(header, text, reviewed=FUNCTIONS):
    """Complaints about functions of a header that take no permit and are not reviewed."""
    return [f"src/{header}: {function.full_name}() takes no Permit. Give it one; if nobody can be "
            f"shown anything hidden by it, say why in FUNCTIONS of tests/permits/reviewed.py"
            for function in functions(text)
            if not function.takes_permit and function.full_name not in reviewed]


def callers_outside(full_name):
    """Files outside the function's folder that seem to call it."""
    folder, *scope, name = full_name.split("::")
    pattern = re.compile(rf"\b{folder}::{name}\(" if not scope else
                         rf"\b\w*{scope[0].lower().removesuffix('store')}\w*(\(\))?(->|\.){name}\(")
    return [path.relative_to(ROOT).as_posix() for path in sources()
            if path.relative_to(SRC).parts[0] != folder and pattern.search(path.read_text())]


class Cases:
    """Wrong and right calls, each on a line of its own."""

    def __init__(self):
        self.lines, self.expected = PRELUDE.splitlines(), {}

    def add(self, line, complaint=None):
        self.lines.append(line)
        if complaint:
            self.expected[len(self.lines)] = complaint

    def add_call(self, function, number):
        parameters = [re.sub(r"\s*(\w+)$", "", each) for each in function.parameters]
        at = next(index for index, each in enumerate(parameters) if "Permit" in each)
        taken = [f"{kind} a{index}" for index, kind in enumerate(parameters) if index != at]
        holder = "::".join(function.scope)
        if function.in_class and not function.static:
            taken.insert(0, f"{'const ' if function.constant else ''}{holder}& object")
            called = f"object.{function.name}"
        else:
            called = f"{holder}::{function.name}"

        def call(name, permit, more=""):
            arguments = [f"a{index}" if index != at else permit for index in range(len(parameters))]
            given = ", ".join(each for each in arguments if each)
            inside = ", ".join(taken + ([more] if more else []))
            kind, words = ("void", "") if name == "unlooked" else ("auto", "return ")
            return (f"{kind} {name}_{number}({inside}) {{ {words}{called}({given}); }}"
                    f"  // {function.full_name}")

        self.add(call("right", "permit", "const Permit& permit"))
        self.add(call("without", ""), NOT_CALLABLE)
        self.add(call("from_nothing", "{}"), NO_PERMIT_FROM)
        self.add(call("from_parts", '{"usr_a", Action::read, Epoch{1}, {}, {}}'), NO_PERMIT_FROM)
        self.add(call("from_likeness", "like", "const Likeness& like"), NO_PERMIT_FROM)
        self.add(call("from_null", "nullptr"), NO_PERMIT_FROM)
        self.add(call("from_user", "user", "const std::string& user"), NO_PERMIT_FROM)
        self.add(call("unlooked", "permit", "const Permit& permit"), r"ignoring return|nodiscard")

    def compile(self):
        """The line numbers with errors, each with its messages."""
        with tempfile.TemporaryDirectory(prefix="wenyuan-permits-") as folder:
            path = pathlib.Path(folder, "cases.cc")
            path.write_text("\n".join([*self.lines, "}  // namespace wenyuan", ""]))
            limit = "-ferror-limit=0" if "clang" in COMPILER else "-fmax-errors=0"
            done = subprocess.run(
                [COMPILER, "-std=c++20", "-fsyntax-only", "-Werror", limit, "-I", SRC, path],
                capture_output=True, text=True, check=False, timeout=300,
                env={**os.environ, "LC_ALL": "C"})
        errors = {}
        for where, line, message in re.findall(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$",
                                               done.stderr, flags=re.MULTILINE):
            assert where.endswith("cases.cc"), done.stderr[:2000]
            errors.setdefault(int(line), []).append(message)
        assert errors or done.returncode == 0, done.stderr[:2000]
        return errors


class Permits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.headers = {header: (SRC / header).read_text() for header in open_headers()}

    def guarded(self):
        return [function for text in self.headers.values() for function in functions(text)
                if function.takes_permit]

    def test_every_function_takes_a_permit_or_is_reviewed(self):
        found = {function.full_name for text in self.headers.values()
                 for function in functions(text)}
        for header, text in self.headers.items():
            for complaint in reviewed_or_named(header, text):
                with self.subTest():
                    self.fail(complaint)
        self.assertEqual(set(FUNCTIONS) - found, set(),
                         "reviewed.py names functions that are not there any more")
        self.assertGreater(len(self.guarded()), 15)  # the headers were read

    def test_a_dropped_permit_is_noticed(self):
        for header, text in self.headers.items():
            for function in functions(text):
                if not function.takes_permit or function.name == "accept":
                    continue
                without = re.sub(rf"(\b{function.name}\([^;]*?),?\s*const Permit& permit", r"\1",
                                 text)
                self.assertTrue(any(function.full_name in complaint for complaint in
                                    reviewed_or_named(header, without)), function.full_name)

    def test_what_takes_no_permit_is_called_by_those_reviewed(self):
        for name, review in FUNCTIONS.items():
            for caller in callers_outside(name) if review.callers else ():
                with self.subTest(function=name, caller=caller):
                    self.assertTrue(
                        caller.startswith(review.callers),
                        f"{caller} calls {name}(), which takes no Permit. Use one that does; if "
                        "nobody can be shown anything hidden by it, add the file in "
                        "tests/permits/reviewed.py")

    def test_the_search_for_callers_finds_them(self):
        self.assertIn("src/api/document_routes.cc", callers_outside("store::BlobStore::reader"))
        self.assertIn("src/ingest/indexer.cc", callers_outside("store::changes"))
        self.assertIn("src/ingest/indexer.cc", callers_outside("index::Compartments::apply"))

    def test_sql_on_content_stays_in_the_store(self):
        tables = "|".join(CONTENT_TABLES)
        pattern = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+({tables})\b", re.IGNORECASE)
        seen = set()
        for path in sources():
            if path.relative_to(SRC).parts[0] == "store":
                continue
            joined = re.sub(r'"\s*\n\s*"', "", path.read_text())
            for literal in re.findall(r'"((?:\\.|[^"\\\n])*)"', joined):
                if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|FROM|JOIN|ALTER|DROP)\b",
                                literal, re.IGNORECASE):
                    continue
                seen |= {(path.relative_to(ROOT).as_posix(), table)
                         for table in pattern.findall(literal)}
        self.assertEqual(seen, set(SQL_OUTSIDE_STORE),
                         "SQL on tables of content belongs into src/store, behind a Permit")

    def test_only_the_policy_engine_makes_permits(self):
        for path in sources():
            text = path.read_text()
            name = path.relative_to(SRC).as_posix()
            if re.search(r"\bclass PolicyEngine\b\s*(final\s*)?[:{]", text):
                self.assertEqual(name, "auth/policy_engine.h")
            if re.search(r"[^\w~]Permit\s*[({](?!\s*(Permit|const Permit))", text):
                self.assertTrue(name.startswith("auth/policy_engine") or name == "base/permit.h",
                                f"{name} makes a permit")
        friends = re.findall(r"friend class ([\w:]+)", (SRC / "base/permit.h").read_text())
        self.assertEqual(friends, ["auth::PolicyEngine"])

    def test_nothing_else_will_do(self):
        cases = Cases()
        for number, function in enumerate(self.guarded()):
            cases.add_call(function, number)
        # And permits themselves.
        cases.add('Permit made() { return Permit("usr_a", Action::read, Epoch{1}, {}, {}); }',
                  "private|calling a private")
        cases.add("Permit moved(Permit& permit) { return std::move(permit); }")
        cases.add("Permit copied(const Permit& permit) { return permit; }", "deleted")
        cases.add("Permit moved_from_const(const Permit& permit) { return std::move(permit); }",
                  "deleted")
        cases.add("void assigned(Permit& to, const Permit& from) { to = from; }", "deleted")
        cases.add("Permit empty() { return {}; }", NO_PERMIT_FROM)
        cases.add("struct Heir : Permit {}; void inherited() { Heir heir; }", "deleted")
        cases.add("void widened(Permit& permit) { permit.labels().push_back(1); }",
                  "discards qualifiers|not marked const|no matching")
        cases.add("void reached(Permit& permit) { permit.labels_.push_back(1); }", "private")
        cases.add("void promoted(Permit& permit) { permit.action_ = Action::manage; }", "private")
        cases.add("void renewed(Permit& permit) { permit.epoch_ = 2; }", "private")
        errors = cases.compile()
        for line, complaint in cases.expected.items():
            with self.subTest(cases.lines[line - 1]):
                self.assertIn(line, errors, "this compiles")
                self.assertRegex("\n".join(errors[line]), complaint)
        for line in set(errors) - set(cases.expected):
            self.fail(f"{cases.lines[line - 1]}\nmust compile: {errors[line]}")
        self.assertGreater(len(cases.expected), 100)


if __name__ == "__main__":
    unittest.main()
