"""Reads the functions that a C++ header declares: as much of the language as our headers use."""

import dataclasses
import re

IDENTIFIER = re.compile(r"[A-Za-z_]\w*$")


@dataclasses.dataclass(frozen=True)
class Function:
    scope: tuple      # namespaces and classes, without wenyuan: ("store", "Database")
    name: str
    parameters: tuple  # as written, without default values
    constant: bool     # a const member function
    in_class: bool
    static: bool

    @property
    def full_name(self):
        return "::".join((*self.scope, self.name))

    @property
    def takes_permit(self):
        return any(re.match(r"(const )?Permit\b", parameter) for parameter in self.parameters)


def without_comments(text):
    text = re.sub(r'//[^\n]*|/\*.*?\*/|R"\((.*?)\)"|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])\'',
                  lambda found: '""' if found.group()[0] in "\"R'" else "", text, flags=re.DOTALL)
    return re.sub(r"^[ \t]*#[^\n]*(\\\n[^\n]*)*", "", text, flags=re.MULTILINE)


def matching(text, at, closing):
    """The index behind the bracket that closes the one at `at`."""
    opening, depth = text[at], 0
    while at < len(text):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing and not (closing == ">" and text[at - 1] == "-"):
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise ValueError("a bracket is not closed")


def split_parameters(text):
    parts, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        if letter in "(<{[":
            depth += 1
        elif letter in ")>}]" and not (letter == ">" and text[at - 1] == "-"):
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return tuple(" ".join(part.split("=")[0].split()) for part in parts if part.strip())


def function_in(statement, scope, in_class):
    """The function that a statement declares, or None."""
    statement = " ".join(statement.split())
    while statement.startswith(("template", "requires")):
        opening = "<" if statement.startswith("template") else "("
        statement = statement[matching(statement, statement.index(opening),
                                       ">" if opening == "<" else ")"):].strip()
    if re.match(r"(using|typedef|friend|static_assert|extern|enum)\b", statement):
        return None
    statement = re.sub(r"\[\[\w+\]\]|\b(explicit|virtual|inline|constexpr)\b", "",
                       statement).strip()
    at = 0
    while at < len(statement) and statement[at] != "(":
        if statement[at] == "=":
            return None
        at = matching(statement, at, ">") if statement[at] == "<" else at + 1
    if at == len(statement):
        return None
    name = IDENTIFIER.search(statement[:at].rstrip())
    if name is None or "operator" in statement[:at] or name.group() == scope[-1]:
        return None  # operators and constructors
    end = matching(statement, at, ")")
    tail = statement[end:]
    return Function(scope, name.group(), split_parameters(statement[at + 1:end - 1]),
                    re.match(r"\s*const\b", tail) is not None, in_class,
                    statement.startswith("static "))


def functions(header_text):
    """Every function that others can call: of namespaces, and the public ones of classes."""
    text = without_comments(header_text)
    found = []

    def read(begin, end, scope, kind):
        public = kind != "class"
        at = start = begin
        while at < end:
            letter = text[at]
            if letter in "(<" and not (letter == "<" and text[start:at].rstrip().endswith("<")):
                at = matching(text, at, ")" if letter == "(" else ">")
                continue
            if letter == ":" and (label := re.search(r"\b(public|private|protected)\s*$",
                                                     text[start:at])):
                public = label.group(1) == "public"
                start = at + 1
            elif letter == "{":
                behind = matching(text, at, "}")
                head = " ".join(text[start:at].split())
                if inner := re.match(r"namespace ([\w:]*)", head):
                    names = tuple(name for name in inner.group(1).split("::") if name != "wenyuan")
                    read(at + 1, behind - 1, scope + names, "namespace")
                elif inner := re.match(r"(?:template <.*?> )?(class|struct) (\w+)", head):
                    if public:
                        read(at + 1, behind - 1, (*scope, inner.group(2)), inner.group(1))
                elif public and "(" in head:
                    add(head, scope, kind)
                at = start = behind
                if kind == "namespace" or not text[at:end].lstrip().startswith(";"):
                    continue
            elif letter == ";":
                if public:
                    add(text[start:at], scope, kind)
                start = at + 1
            at += 1

    def add(statement, scope, kind):
        function = function_in(statement, scope, kind != "namespace")
        if function is not None:
            found.append(function)

    read(0, len(text), (), "namespace")
    return found
