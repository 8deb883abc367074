#!/usr/bin/env python3
"""Writes src/llm/character_tables.cc and character_tables_forms.cc: what the tokenizers need to know
of characters, without a Unicode library in the engine.

Needs: pip install unicodedata2==16.0.0

The kinds are those of Unicode 16, which the regular expressions of the `tokenizers` library follow.
Its normalisers and BERT's rules follow older versions, so some characters are named here that they
do not know yet.
"""

import pathlib

import unicodedata2 as unicodedata

FOLDER = pathlib.Path(__file__).parent.parent / "src/llm"
CLASSES = {"N": "number", "P": "punctuation", "S": "symbol", "M": "mark"}
LETTERS = {"Lu": "upper", "Lt": "upper", "Ll": "lower", "Lm": "letter", "Lo": "letter"}
SPACES = {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85}

# The script Han (Scripts.txt of Unicode 16).
HAN = [
    (0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007),
    (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D),
    (0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF),
    (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0),
    (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF)]
# Format characters and punctuation since Unicode 9, which BERT's reference takes as letters.
NEWER_FORMATS = [
    (0x890, 0x891), (0x8E2, 0x8E2), (0x110CD, 0x110CD), (0x13430, 0x1343F)]
NEWER_PUNCTUATION = [
    (0x61D, 0x61D), (0x9FD, 0x9FD), (0xA76, 0xA76), (0xC77, 0xC77), (0xC84, 0xC84),
    (0x1B4E, 0x1B4F), (0x1B7D, 0x1B7F), (0x2E43, 0x2E4F), (0x2E52, 0x2E5D), (0x10D6E, 0x10D6E),
    (0x10EAD, 0x10EAD), (0x10F55, 0x10F59), (0x10F86, 0x10F89), (0x113D4, 0x113D5),
    (0x113D7, 0x113D8), (0x1144B, 0x1144F), (0x1145A, 0x1145B), (0x1145D, 0x1145D),
    (0x11660, 0x1166C), (0x116B9, 0x116B9), (0x1183B, 0x1183B), (0x11944, 0x11946),
    (0x119E2, 0x119E2), (0x11A3F, 0x11A46), (0x11A9A, 0x11A9C), (0x11A9E, 0x11AA2),
    (0x11B00, 0x11B09), (0x11BE1, 0x11BE1), (0x11C41, 0x11C45), (0x11C70, 0x11C71),
    (0x11EF7, 0x11EF8), (0x11F43, 0x11F4F), (0x11FFF, 0x11FFF), (0x12FF1, 0x12FF2),
    (0x16D6D, 0x16D6F), (0x16E97, 0x16E9A), (0x16FE2, 0x16FE2), (0x1E5FF, 0x1E5FF),
    (0x1E95E, 0x1E95F)]
# Nonspacing marks that it does not drop.
KEPT_MARKS = [
    (0x7FD, 0x7FD), (0x897, 0x89F), (0x8CA, 0x8E1), (0x9FE, 0x9FE), (0xAFA, 0xAFF), (0xB55, 0xB55),
    (0xC04, 0xC04), (0xC3C, 0xC3C), (0xD00, 0xD00), (0xD3B, 0xD3C), (0xD81, 0xD81), (0xEBA, 0xEBA),
    (0xECE, 0xECE), (0x180F, 0x180F), (0x1885, 0x1886), (0x1ABF, 0x1ACE), (0x1DF6, 0x1DFB),
    (0xA82C, 0xA82C), (0xA8C5, 0xA8C5), (0xA8FF, 0xA8FF), (0xA9BD, 0xA9BD), (0x10D24, 0x10D27),
    (0x10D69, 0x10D6D), (0x10EAB, 0x10EAC), (0x10EFC, 0x10EFF), (0x10F46, 0x10F50),
    (0x10F82, 0x10F85), (0x11070, 0x11070), (0x11073, 0x11074), (0x110C2, 0x110C2),
    (0x111C9, 0x111C9), (0x111CF, 0x111CF), (0x1123E, 0x1123E), (0x11241, 0x11241),
    (0x1133B, 0x1133B), (0x113BB, 0x113C0), (0x113CE, 0x113CE), (0x113D0, 0x113D0),
    (0x113D2, 0x113D2), (0x113E1, 0x113E2), (0x11438, 0x1143F), (0x11442, 0x11444),
    (0x11446, 0x11446), (0x1145E, 0x1145E), (0x1182F, 0x11837), (0x11839, 0x1183A),
    (0x1193B, 0x1193C), (0x1193E, 0x1193E), (0x11943, 0x11943), (0x119D4, 0x119D7),
    (0x119DA, 0x119DB), (0x119E0, 0x119E0), (0x11A01, 0x11A0A), (0x11A33, 0x11A38),
    (0x11A3B, 0x11A3E), (0x11A47, 0x11A47), (0x11A51, 0x11A56), (0x11A59, 0x11A5B),
    (0x11A8A, 0x11A96), (0x11A98, 0x11A99), (0x11C30, 0x11C36), (0x11C38, 0x11C3D),
    (0x11C3F, 0x11C3F), (0x11C92, 0x11CA7), (0x11CAA, 0x11CB0), (0x11CB2, 0x11CB3),
    (0x11CB5, 0x11CB6), (0x11D31, 0x11D36), (0x11D3A, 0x11D3A), (0x11D3C, 0x11D3D),
    (0x11D3F, 0x11D45), (0x11D47, 0x11D47), (0x11D90, 0x11D91), (0x11D95, 0x11D95),
    (0x11D97, 0x11D97), (0x11EF3, 0x11EF4), (0x11F00, 0x11F01), (0x11F36, 0x11F3A),
    (0x11F40, 0x11F40), (0x11F42, 0x11F42), (0x11F5A, 0x11F5A), (0x13440, 0x13440),
    (0x13447, 0x13455), (0x1611E, 0x16129), (0x1612D, 0x1612F), (0x16F4F, 0x16F4F),
    (0x16FE4, 0x16FE4), (0x1CF00, 0x1CF2D), (0x1CF30, 0x1CF46), (0x1E000, 0x1E006),
    (0x1E008, 0x1E018), (0x1E01B, 0x1E021), (0x1E023, 0x1E024), (0x1E026, 0x1E02A),
    (0x1E08F, 0x1E08F), (0x1E130, 0x1E136), (0x1E2AE, 0x1E2AE), (0x1E2EC, 0x1E2EF),
    (0x1E4EC, 0x1E4EF), (0x1E5EE, 0x1E5EF), (0x1E944, 0x1E94A)]
# Characters whose combining class or decomposition the normalisers do not know.
NEWER_CLASSES = [
    (0x7FD, 0x7FD), (0x897, 0x89F), (0x8CA, 0x8D3), (0x9FE, 0x9FE), (0xC3C, 0xC3C), (0xD3B, 0xD3C),
    (0xEBA, 0xEBA), (0x1715, 0x1715), (0x1ABF, 0x1ACE), (0x1DF6, 0x1DFA), (0xA82C, 0xA82C),
    (0x10D24, 0x10D27), (0x10D69, 0x10D6D), (0x10EAB, 0x10EAC), (0x10EFD, 0x10EFF),
    (0x10F46, 0x10F50), (0x10F82, 0x10F85), (0x11070, 0x11070), (0x1133B, 0x1133B),
    (0x113CE, 0x113D0), (0x1145E, 0x1145E), (0x11839, 0x1183A), (0x1193D, 0x1193E),
    (0x11943, 0x11943), (0x119E0, 0x119E0), (0x11A34, 0x11A34), (0x11A47, 0x11A47),
    (0x11A99, 0x11A99), (0x11D42, 0x11D42), (0x11D44, 0x11D45), (0x11D97, 0x11D97),
    (0x11F41, 0x11F42), (0x1612F, 0x1612F), (0x16FF0, 0x16FF1), (0x1E08F, 0x1E08F),
    (0x1E130, 0x1E136), (0x1E2AE, 0x1E2AE), (0x1E2EC, 0x1E2EF), (0x1E4EC, 0x1E4EF),
    (0x1E5EE, 0x1E5EF)]
NEWER_FORMS = [
    (0x105C9, 0x105C9), (0x105E4, 0x105E4), (0x11383, 0x11383), (0x11385, 0x11385),
    (0x1138E, 0x1138E), (0x11391, 0x11391), (0x113C5, 0x113C5), (0x113C7, 0x113C8),
    (0x11938, 0x11938), (0x16121, 0x16128), (0x16D68, 0x16D6A)]


def spread(ranges):
    return {code for first, last in ranges for code in range(first, last + 1)}


NEWER_FORMATS, NEWER_PUNCTUATION = spread(NEWER_FORMATS), spread(NEWER_PUNCTUATION)
KEPT_MARKS, NEWER_CLASSES, NEWER_FORMS = (
    spread(KEPT_MARKS), spread(NEWER_CLASSES), spread(NEWER_FORMS))
FORMER_MARKS = {0x1734, 0x1171E}
FORMER_PUNCTUATION = {0x166D, 0x111C9}


def characters():
    return (code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)


def kind(code):
    category = unicodedata.category(chr(code))
    if code in SPACES or category[0] == "Z":
        return "space"
    if category in ("Cc", "Cf"):
        return "control"
    return LETTERS.get(category) or CLASSES.get(category[0], "other")


def bert_kind(code):
    """What BERT's reference drops, and what it cuts off as punctuation."""
    category = unicodedata.category(chr(code))
    if code in (0, 0xFFFD) or category == "Co":
        return "dropped"
    if category == "Cc":
        return "none" if code in (0x09, 0x0A, 0x0D) else "dropped"
    if category == "Cf":
        return "none" if code in NEWER_FORMATS else "dropped"
    ascii_sign = 0x20 < code < 0x7F and not chr(code).isalnum()
    known = category[0] == "P" and code not in NEWER_PUNCTUATION
    return "alone" if ascii_sign or known or code in FORMER_PUNCTUATION else "none"


def ranges(value_of, nothing):
    begin, current = 0, value_of(0)
    for code in range(1, 0x110001):
        now = value_of(code) if code < 0x110000 else None
        if now != current:
            if current != nothing:
                yield begin, code - 1, current
            begin, current = code, now


def decomposed(code):
    """NFD; Hangul is decomposed by arithmetic."""
    if code in NEWER_FORMS or 0xAC00 <= code <= 0xD7A3:
        return chr(code)
    return unicodedata.normalize("NFD", chr(code))


def is_dropped_mark(char):
    code = ord(char)
    if code in FORMER_MARKS:
        return True
    return unicodedata.category(char) == "Mn" and code not in KEPT_MARKS


def folds():
    """Without accents and in lower case, where that is not the character itself."""
    for code in characters():
        if code < 0x80 or 0xAC00 <= code <= 0xD7A3:
            continue
        plain = "".join(c.lower() for c in decomposed(code) if not is_dropped_mark(c))
        if plain != chr(code):
            yield code, plain


def decompositions():
    for code in characters():
        plain = decomposed(code)
        if plain != chr(code):
            yield code, plain


def combining_class(code):
    surrogate = 0xD800 <= code <= 0xDFFF
    return 0 if surrogate or code in NEWER_CLASSES else unicodedata.combining(chr(code))


def compositions():
    for code in characters():
        if code in NEWER_FORMS or 0xAC00 <= code <= 0xD7A3:
            continue
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) != 2 or parts[0].startswith("<"):
            continue
        if unicodedata.normalize("NFC", chr(code)) == chr(code):
            yield int(parts[0], 16), int(parts[1], 16), code


def numbers(text):
    return ", ".join(f"0x{ord(c):X}" for c in text)


def table(kind_of_row, name, items, per_line):
    items = [f"{{{item}}}," for item in items]
    lines = [f"constexpr {kind_of_row} {name}[] = {{"]
    for at in range(0, len(items), per_line):
        lines.append("    " + " ".join(items[at:at + per_line]))
    return lines + ["};", ""]


def mapped(name, pairs, longest):
    pairs = list(pairs)
    assert all(len(to) <= longest for _, to in pairs)
    return table("CharMapping", name, (f"0x{a:X}, {{{numbers(to)}}}" for a, to in pairs), 6)


def write(name, usings, tables, functions):
    lines = [f"// Generated by tools/make_character_tables.py from Unicode "
             f"{unicodedata.unidata_version}.", '#include "llm/character_tables.h"', "",
             "namespace wenyuan::llm {", "namespace {", "", *usings, "// clang-format off"]
    lines += tables + ["// clang-format on", "", "}  // namespace", ""]
    lines += [f"std::span<const {row}> {function}() {{ return {table_name}; }}"
              for row, function, table_name in functions]
    lines += ["", "}  // namespace wenyuan::llm", ""]
    (FOLDER / name).write_text("\n".join(lines))


def main():
    surrogate_safe = lambda of: lambda code: "other" if 0xD800 <= code <= 0xDFFF else of(code)
    write("character_tables.cc", ["using enum CharKind;", "using enum BertKind;", ""],
          table("CharRange", "kRanges", (f"0x{a:X}, 0x{b:X}, {k}" for a, b, k in
                                         ranges(surrogate_safe(kind), "other")), 6) +
          table("BertRange", "kBertRanges", (f"0x{a:X}, 0x{b:X}, {k}" for a, b, k in
                                             ranges(bert_kind, "none")), 6) +
          table("CodeRange", "kHan", (f"0x{a:X}, 0x{b:X}" for a, b in HAN), 6),
          [("CharRange", "char_ranges", "kRanges"), ("BertRange", "bert_ranges", "kBertRanges"),
           ("CodeRange", "han_ranges", "kHan")])
    write("character_tables_forms.cc", [],
          mapped("kFolds", folds(), 4) + mapped("kDecompositions", decompositions(), 4) +
          table("ClassRange", "kClasses", (f"0x{a:X}, 0x{b:X}, {k}" for a, b, k in
                                           ranges(combining_class, 0)), 6) +
          table("Composition", "kCompositions", (f"0x{a:X}, 0x{b:X}, 0x{c:X}" for a, b, c in
                                                 sorted(compositions())), 6),
          [("CharMapping", "char_folds", "kFolds"),
           ("CharMapping", "char_decompositions", "kDecompositions"),
           ("ClassRange", "combining_classes", "kClasses"),
           ("Composition", "compositions", "kCompositions")])


if __name__ == "__main__":
    main()
