"""Reads Rust source as a tree of tokens."""

import re

TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>(?:b|c)?r(?P<hash>\#*)".*?"(?P=hash)|(?:b|c)?"(?:\\.|[^"\\])*")
    |(?P<char>b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\])')
    |(?P<life>'[A-Za-z_]\w*)
    |(?P<number>\d(?:[\w]|\.(?=\d))*)
    |(?P<word>(?:r\#)?[A-Za-z_]\w*)
    |(?P<mark>\.\.=|\.\.\.|\.\.|<<=|&&|\|\||==|!=|<=|>=|=>|->|::|\+=|-=|\*=|/=|\|=|&=|\^=|%=|.)""",
    re.X | re.S,
)
CLOSE = {"(": ")", "[": "]", "{": "}"}


class Node:
    """A token, or a group with `kids` between two brackets."""

    def __init__(self, kind, text, start, end, kids=None):
        self.kind, self.text, self.start, self.end, self.kids = kind, text, start, end, kids

    def group(self, bracket):
        return self.kids is not None and self.text == bracket


def tree(source):
    at, stack, kids = 0, [], []
    while at < len(source):
        found = TOKEN.match(source, at)
        kind, text, at = found.lastgroup, found.group(), found.end()
        kind = "string" if kind == "hash" else kind
        if kind in ("space", "comment"):
            continue
        if text in CLOSE and kind == "mark":
            stack.append((text, found.start(), kids))
            kids = []
        elif text in ")]}" and kind == "mark":
            bracket, start, outer = stack.pop()
            outer.append(Node("group", bracket, start, at, kids))
            kids = outer
        else:
            kids.append(Node(kind, text, found.start(), at))
    return kids
