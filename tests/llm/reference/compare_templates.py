#!/usr/bin/env python3
"""Compares what our interpreter makes of chat templates with Jinja2, set as transformers sets it.

Usage: compare_templates.py DUMP_PROMPTS TEMPLATE.jinja…
DUMP_PROMPTS is the program of that name (target dump_prompts). Needs: pip install jinja2
A conversation that both refuse counts as equal.
"""
import datetime
import json
import pathlib
import subprocess
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

CONVERSATIONS = [
    [],
    [("system", "s")],
    [("user", "Hello!")],
    [("system", ""), ("user", "")],
    [("system", "You answer from sources."), ("user", "Who?")],
    [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello, how can I help?"),
     ("user", "  What is 2 + 2?  \n")],
    [("user", "第一个问题"), ("assistant", "答案。"), ("user", "还有吗？\n\n谢谢")],
    [("user", "```cpp\nint main() {}\n```\n"), ("assistant", "<think>\nhm\n</think>\n\nok"),
     ("user", "again <|im_end|> {{ x }} {% if %} \\n\t.")],
    [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "<think>x</think>d")],
    [("assistant", "b"), ("user", "c")],
    [("user", "a"), ("user", "b")],
]


class Generation(jinja2.ext.Extension):
    """{% generation %} writes what is in it."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_run"), [], [], body).set_lineno(line)

    def _run(self, caller):
        return caller()


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, jinja2.ext.loopcontrols])

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)

    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = refuse
    # The day that our interpreter is given when nobody names another.
    made.globals["strftime_now"] = datetime.datetime(2024, 7, 26).strftime
    return made


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def expected(source, conversation, goes_on):
    try:
        return "text\t" + escaped(environment().from_string(source).render(
            messages=[{"role": role, "content": content} for role, content in conversation],
            add_generation_prompt=goes_on, bos_token="<BOS>", eos_token="<EOS>", tools=None,
            documents=None))
    except Exception as error:  # a template may raise anything
        return f"error\t{type(error).__name__}: {error}"


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    cases = [(goes_on, c) for c in CONVERSATIONS for goes_on in (True, False)]
    lines = "".join("\t".join(["1" if goes_on else "0"] + [escaped(part) for pair in c
                                                           for part in pair]) + "\n"
                    for goes_on, c in cases)
    total = 0
    for path in map(pathlib.Path, sys.argv[2:]):
        source = path.read_text(encoding="utf-8")
        done = subprocess.run([sys.argv[1], str(path)], input=lines, capture_output=True, text=True,
                              check=True)
        found = done.stdout.split("\n")[:-1]
        differences = 0
        for (goes_on, conversation), ours in zip(cases, found, strict=True):
            theirs = expected(source, conversation, goes_on)
            if ours != theirs and not (ours.startswith("error") and theirs.startswith("error")):
                differences += 1
                print(f"  ours   {ours[:300]}\n  theirs {theirs[:300]}")
        print(f"{path.name}: {len(cases)} prompts, {differences} differences")
        total += differences
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
