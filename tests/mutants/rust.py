"""Finds places in Rust source where a small change should be noticed by a test.

The source is read as a tree of tokens, not with a Rust compiler. Each change is written into the same
text behind a switch, `crate::mutant::on(17)`, so that one build holds all changes; a change that does
not compile is dropped later. A condition is changed to `true` and to `false`, its parts one by one:
that covers its negation and `&&` for `||`.
"""

import re

from tokens import tree

# Methods whose closure returns `true` or `false`.
ASKS = set(
    "filter is_some_and is_none_or is_ok_and any all retain find position take_while skip_while".split()
)
METHODS = {
    "is_none_or": "is_some_and",
    "is_some_and": "is_none_or",
    "min": "max",
    "max": "min",
    "or": "(dropped)",
    "or_else": "(dropped)",
}
LESS = {"<": ("less", "<="), "<=": ("less_or_same", "<"), ">": ("more", ">="), ">=": ("more_or_same", ">")}
ENDS = {"return", "break", "continue"}
SHUT_CFG = re.compile(r"cfg\s*\((?:.*\b(?:test|windows|fuzzing)\b|not\s*\(\s*unix)")


class Mutant:
    def __init__(self, file, line, place, start, end, old, new):
        self.file, self.line, self.place = file, line, place
        self.start, self.end, self.old, self.new = start, end, old, new
        self.number, self.nth = None, 1

    def key(self):
        """The key of a change, which stays the same when lines move: file, function, change, and which of the same
        changes in this function."""
        short = lambda text: " ".join(text.split())
        old = short(self.old)
        old = old if len(old) <= 90 else old[:87] + "..."
        which = "" if self.nth == 1 else f" ({self.nth})"
        return f"{self.file} {self.place}: `{old}` -> `{short(self.new)}`{which}"


class Finder:
    """All changes of one file, and the text with their switches."""

    def __init__(self, file, source, features):
        self.file, self.source, self.features = file, source, features
        self.mutants, self.place, self.edits = [], "", []
        self.items(tree(source))
        seen = {}
        for mutant in sorted(self.mutants, key=lambda mutant: (mutant.start, mutant.end)):
            key = mutant.key()
            mutant.nth = seen[key] = seen.get(key, 0) + 1

    # Edits: a text before and after a span, or a text in its place. Outer edits are made first.

    def mutant(self, start, end, new):
        line = self.source.count("\n", 0, start) + 1
        old = self.source[start:end]
        made = Mutant(self.file, line, self.place, start, end, old, new)
        self.mutants.append(made)
        return made

    def wrap(self, mutant, start, end, before, after, swaps=()):
        self.edits.append((mutant, start, end, before, after, swaps))

    def written(self, dropped):
        """The source with the switches of all numbered mutants that are not dropped, and where each
        line's switches are: line -> numbers."""
        opens, closes, swapped = {}, {}, {}
        for mutant, start, end, before, after, swaps in self.edits:
            if mutant.number is None or mutant.number in dropped:
                continue
            n = str(mutant.number)
            opens.setdefault(start, []).append(before.replace("@", n))
            closes.setdefault(end, []).insert(0, after.replace("@", n))
            for from_, to, text in swaps:
                swapped[from_] = (to, text.replace("@", n))
        out, at = [], 0
        for point in sorted(set(opens) | set(closes) | set(swapped)):
            if point > at:
                out.append(self.source[at:point])
                at = point
            out += closes.get(point, []) + opens.get(point, [])
            if point in swapped:
                at, text = swapped[point]
                out.append(text)
        out.append(self.source[at:])
        return "".join(out)

    # Items.

    def items(self, nodes):
        at = 0
        while at < len(nodes):
            at = self.item(nodes, at)

    def item(self, nodes, at):
        """Reads one item, and returns where the next begins."""
        shut = False
        while at + 1 < len(nodes) and nodes[at].text == "#":
            at += 2 if nodes[at + 1].text == "!" else 1
            shut |= self.is_shut(self.source[nodes[at].start : nodes[at].end])
            at += 1
        start = at
        words = []
        while at < len(nodes):
            node = nodes[at]
            words.append(node.text)
            if node.text == ";" or node.group("{") and words[0] != "use":
                break
            at += 1
        body = nodes[at] if at < len(nodes) and nodes[at].group("{") else None
        if words and words[0] in ("const", "static", "pub") and "fn" not in words and body:
            if "const" in words[:3] or "static" in words[:3]:
                while at < len(nodes) and nodes[at].text != ";":
                    at += 1
                return at + 1
        if body and not shut:
            if "fn" in words and "macro_rules" not in words:
                if "const" not in words[: words.index("fn")]:
                    outer, self.place = self.place, words[words.index("fn") + 1]
                    self.block(body.kids)
                    self.place = outer
            elif "impl" in words or "mod" in words or "trait" in words:
                self.items(body.kids)
        return max(at, start) + 1

    def is_shut(self, attribute):
        if SHUT_CFG.search(attribute) and "not(test)" not in attribute:
            return True
        needed = re.findall(r'feature\s*=\s*"([^"]*)"', attribute) if "cfg" in attribute else []
        return bool(needed) and not any(feature in self.features for feature in needed)

    # Statements.

    def block(self, nodes):
        at = 0
        while at < len(nodes):
            while nodes[at].text == "#" and at + 1 < len(nodes):
                shut = self.is_shut(self.source[nodes[at + 1].start : nodes[at + 1].end])
                at += 2
                if shut:
                    at = self.end_of_statement(nodes, at)
                    if at >= len(nodes):
                        return
            word = nodes[at].text
            if word in ("use", "fn", "struct", "enum", "impl", "const", "static", "type", "macro_rules"):
                at = self.item(nodes, at)
                continue
            end = self.end_of_statement(nodes, at)
            self.statement(nodes[at:end])
            at = end

    def end_of_statement(self, nodes, at):
        blocky = nodes[at].text in ("if", "match", "for", "while", "loop", "unsafe", "{") and (
            nodes[at].kind == "word" or nodes[at].group("{")
        )
        while at < len(nodes):
            if nodes[at].text == ";" and nodes[at].kind == "mark":
                return at + 1
            if blocky and nodes[at].group("{"):
                after = nodes[at + 1] if at + 1 < len(nodes) else None
                if after is None or after.text not in (".", "?", "else", ";", "=", "==", "&&", "||"):
                    return at + 1
            at += 1
        return at

    def statement(self, nodes):
        first = nodes[0].text
        whole = nodes[-1].text == ";"
        silent = first == "let" and len(nodes) > 5 and nodes[1].text == "_"
        macro = len(nodes) > 2 and nodes[1].text == "!" or first == "log"
        if whole and len(nodes) > 1 and not macro and (first != "let" or silent):
            start, end = nodes[0].start, nodes[-1].end
            self.wrap(self.mutant(start, end, ""), start, end, "if !crate::mutant::on(@) { ", " }")
        self.expression(nodes[:-1] if whole else nodes)

    # Expressions.

    def parts(self, nodes, mark):
        """Split at a mark; the parameters of a closure, and what follows it, stay together."""
        out, part, at = [], [], 0
        while at < len(nodes):
            node = nodes[at]
            if node.text in ("|", "||") and node.kind == "mark" and self.begins(nodes, at):
                if mark in ("&&", "||"):
                    part += nodes[at:]
                    break
                if node.text == "|":
                    end = next((i for i in range(at + 1, len(nodes)) if nodes[i].text == "|"), at)
                    part += nodes[at : end + 1]
                    at = end + 1
                    continue
                part.append(node)
            elif node.text == mark and node.kind == "mark":
                out.append(part)
                part = []
            else:
                part.append(node)
            at += 1
        return out + [part]

    def begins(self, nodes, at):
        return at == 0 or nodes[at - 1].text in (",", "=", "=>", "move", "return", ":", ";", "&&")

    def expression(self, nodes):
        """One expression without commas."""
        if not nodes:
            return
        first = nodes[0]
        if first.text == "let":
            at = next((i for i, node in enumerate(nodes) if node.text == "="), len(nodes))
            rest = nodes[at + 1 :]
            if len(rest) > 2 and rest[-1].group("{") and rest[-2].text == "else":
                self.block(rest[-1].kids)
                if "else" not in [node.text for node in rest[:-2]]:
                    rest = rest[:-2]
            return self.expression(rest)
        if first.text in ENDS or first.text in ("move", "&", "mut", "*", "ref"):
            return self.expression(nodes[1:])
        if first.text in ("|", "||") and first.kind == "mark":
            return self.closure(nodes, False)
        for at, node in enumerate(nodes):
            if node.kind == "mark" and node.text in ("=", "+=", "-=", "|=", "&="):
                self.scan(nodes[:at])
                return self.expression(nodes[at + 1 :])
            if node.text in ("if", "match", "for", "while", "loop") and node.kind == "word":
                break
        if self.is_question(nodes):
            return self.condition(nodes)
        self.scan(nodes)

    def is_question(self, nodes):
        if nodes[0].kind == "word" and nodes[0].text in ("if", "match", "for", "while", "loop", "unsafe"):
            return False
        if nodes[0].text == "!" and nodes[0].kind == "mark":
            return True
        marks = [node.text for node in nodes[1:] if node.kind == "mark"]
        if any(mark in ("&&", "||", "==", "!=") for mark in marks):
            return True
        if any(self.compares(nodes, at) for at in range(1, len(nodes))):
            return True
        last = [node.text for node in nodes[-3:]]
        if len(last) == 3 and nodes[-1].group("("):
            name = last[1]
            return last[0] in (".", "::") and (
                name in ASKS - {"filter", "retain", "find", "position", "take_while", "skip_while"}
                or name.startswith(("is_", "has_"))
                or name in ("contains", "starts_with", "ends_with", "contains_key", "lasts")
            ) or last[:2] == ["matches", "!"]
        return False

    def compares(self, nodes, at):
        node = nodes[at]
        if node.kind != "mark" or node.text not in LESS or at + 1 >= len(nodes):
            return False
        return self.source[node.start - 1] == " " and self.source[node.end] in " \n"

    def condition(self, nodes):
        """An expression that is true or false."""
        if not nodes:
            return
        start, end = nodes[0].start, nodes[-1].end
        either, both = self.parts(nodes, "||"), self.parts(nodes, "&&")
        if len(either) > 1 and all(either):
            self.force(start, end, True)
            for part in either:
                if len(self.parts(part, "&&")) > 1:
                    self.condition(part)
                else:
                    self.force(part[0].start, part[-1].end, False)
                    self.inside(part)
        elif len(both) > 1 and all(both):
            chain = any(part[0].text == "let" for part in both)
            self.force(start, end, False, chain)
            for part in both:
                if part[0].text != "let":
                    self.force(part[0].start, part[-1].end, True)
                self.inside(part)
        else:
            chain = nodes[0].text == "let"
            self.force(start, end, False, chain)
            if not chain:
                self.force(start, end, True)
            self.inside(nodes)

    def force(self, start, end, value, chain=False):
        mutant = self.mutant(start, end, str(value).lower())
        if chain:
            # The switch is before the `let`: after the `let`, a value that the pattern moves would not
            # be available.
            self.wrap(mutant, start, end, "!crate::mutant::on(@) && ", "")
        elif value:
            self.wrap(mutant, start, end, "((", ") || crate::mutant::on(@))")
        else:
            self.wrap(mutant, start, end, "((", ") && !crate::mutant::on(@))")

    def inside(self, nodes):
        """The changes inside a part of a condition."""
        if nodes[0].text == "let":
            return self.expression(nodes)
        for at in range(1, len(nodes)):
            if self.compares(nodes, at):
                name, new = LESS[nodes[at].text]
                mark, start, end = nodes[at], nodes[0].start, nodes[-1].end
                swap = (mark.start, mark.end, "), &(")
                mutant = self.mutant(mark.start, mark.end, new)
                self.wrap(mutant, start, end, f"crate::mutant::{name}(@, &(", "))", (swap,))
                break
        if len(nodes) == 2 and nodes[0].text == "!" and nodes[1].group("("):
            return self.condition(nodes[1].kids)
        if len(nodes) == 1 and nodes[0].group("("):
            return self.condition(nodes[0].kids)
        self.scan(nodes)

    def closure(self, nodes, asks):
        at = 1
        if nodes[0].text == "|":
            at = next((i for i in range(1, len(nodes)) if nodes[i].text == "|"), 0) + 1
        body = nodes[at:]
        if body and body[0].text == "->":
            body = body[-1:]
        if len(body) == 1 and body[0].group("{"):
            for value in (True, False) if asks else ():
                self.force(body[0].start, body[0].end, value)
            return self.block(body[0].kids)
        if asks:
            return self.condition(body)
        self.expression(body)

    def scan(self, nodes):
        """All parts of an expression, from left to right."""
        at = 0
        while at < len(nodes):
            node, before = nodes[at], nodes[at - 1] if at else None
            after = nodes[at + 1] if at + 1 < len(nodes) else None
            if node.kind == "word" and node.text in ("if", "while"):
                end = self.to_block(nodes, at)
                self.condition(nodes[at + 1 : end])
                at = end
                continue
            if node.kind == "word" and node.text == "match":
                end = self.to_block(nodes, at)
                self.expression(nodes[at + 1 : end])
                if end < len(nodes):
                    self.arms(nodes[end].kids)
                at = end + 1
                continue
            if node.kind == "word" and node.text == "for":
                while at < len(nodes) and nodes[at].text != "in":
                    at += 1
                at += 1
                continue
            if node.text in ("|", "||") and node.kind == "mark" and self.begins(nodes, at):
                return self.closure(nodes[at:], False)
            if node.kind == "word" and after is not None and after.text == "!" and after.kind == "mark":
                at = self.macro(nodes, at)
                continue
            self.leaf(node, before, after)
            if node.kids is not None:
                self.group(node, before, nodes[at - 2] if at > 1 else None)
            at += 1

    def to_block(self, nodes, at):
        """The next block. A group before `=` ends a pattern: `if let Named { .. } = given {`."""
        while at < len(nodes) and (not nodes[at].group("{") or [n.text for n in nodes[at + 1 : at + 2]] == ["="]):
            at += 1
        return at

    def macro(self, nodes, at):
        group = nodes[at + 2] if at + 2 < len(nodes) else None
        if group is not None and group.kids is not None:
            if nodes[at].text == "vec":
                for part in self.parts(group.kids, ";"):
                    self.expression(part)
            if nodes[at].text == "matches":
                self.expression(self.parts(group.kids, ",")[0])
                guard = [i for i, node in enumerate(group.kids) if node.text == "if"]
                if guard:
                    self.condition(group.kids[guard[0] + 1 :])
            return at + 3
        return at + 1

    def leaf(self, node, before, after):
        start, end = node.start, node.end
        if node.kind == "word" and node.text in ("true", "false"):
            no = "!" if node.text == "true" else ""
            mutant = self.mutant(start, end, "false" if no else "true")
            self.wrap(mutant, start, end, "", "", ((start, end, f"({no}crate::mutant::on(@))"),))
        elif node.kind == "number" and re.fullmatch(r"[\d_]+?(_?[ui](8|16|32|64|size))?", node.text):
            if before is not None and before.text == ".":
                return
            digits = re.match(r"[\d_]*\d", node.text).group()
            rest, value = node.text[len(digits) :], int(digits.replace("_", ""))
            for new in {0: [1], 1: [0, 2]}.get(value, [0, value + 1] if value < 4 else [0]):
                text = f"{new}{rest}"
                mutant = self.mutant(start, end, text)
                self.wrap(mutant, start, end, f"(if crate::mutant::on(@) {{ {text} }} else {{ ", " })")
        elif node.text == "Some" and after is not None and after.group("("):
            mutant = self.mutant(start, after.end, "None")
            self.wrap(mutant, start, after.end, "(if crate::mutant::on(@) { None } else { ", " })")
        elif node.text in METHODS and before is not None and before.text == "." and after is not None:
            if after.group("(") and after.kids:
                new = METHODS[node.text]
                swap = (start, after.start + 1, f"mutant_{node.text}(@, ")
                self.wrap(self.mutant(start, end, new), start, end, "", "", (swap,))

    def group(self, node, before, earlier):
        """The tokens between two brackets."""
        asks = node.text == "(" and before is not None and before.text in ASKS
        if node.text == "{" and not (before is not None and before.kind == "word" and before.text[0].isupper()):
            return self.block(node.kids)
        kids = node.kids
        if node.text == "[" and any(kid.text == ";" for kid in kids):
            kids = self.parts(kids, ";")[0]
        for part in self.parts(kids, ","):
            if not part:
                continue
            if node.text == "{":
                name = next((i for i, kid in enumerate(part) if kid.text == ":"), None)
                if part[0].text == "..":
                    part = part[1:]
                elif name is None:
                    continue
                else:
                    part = part[name + 1 :]
            if asks and part and part[0].text in ("|", "||"):
                self.closure(part, True)
            elif part:
                self.expression(part)

    def arms(self, nodes):
        at = 0
        while at < len(nodes):
            begin = at
            while at < len(nodes) and nodes[at].text != "=>":
                at += 1
            if at >= len(nodes):
                return
            pattern = nodes[begin:at]
            guard = next((i for i, node in enumerate(pattern) if node.text == "if"), None)
            if guard is not None:
                self.condition(pattern[guard + 1 :])
            at += 1
            if at < len(nodes) and nodes[at].group("{"):
                after = nodes[at + 1].text if at + 1 < len(nodes) else ","
                if after not in (".", "?"):
                    self.block(nodes[at].kids)
                    at += 2 if after == "," else 1
                    continue
            body = self.parts(nodes[at:], ",")[0]
            self.expression(body)
            at += len(body) + 1
