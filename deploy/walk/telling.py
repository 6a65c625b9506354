"""What the walk prints, and its count of right and wrong."""

import os
import re
import sys
import textwrap

from stand import ROOT

WIDTH = 100
#: Of each policy the newest version of the walk; it has the sentences of the one before, too.
POLICIES = {name: ROOT / "policies" / name / file for name, file in (
    ("clinical-routing", "0002.yaml"), ("clinic-edge", "0001.yaml"))}


def sentences(policy):
    """Each rule's sentence by the rule's id, as the policy's file has them."""
    found = {}
    pattern = re.compile(r"^  - id: (\S+)\n    say: (.*(?:\n      +\S.*)*)", re.MULTILINE)
    for match in pattern.finditer(POLICIES[policy].read_text()):
        found[match.group(1)] = " ".join(match.group(2).split())
    return found


class Teller:
    """Prints scenarios and remembers how many were right."""

    def __init__(self):
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._say = {policy: sentences(policy) for policy in POLICIES}
        self.right = 0
        self.wrong = []
        self._is_right = True
        #: The rules whose sentences this scenario has shown.
        self._explained = set()

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def step(self, text):
        """A step on the way."""
        print(f"{self._paint(1, '==>')} {text}", flush=True)

    def open(self, number, title):
        """A scenario begins."""
        self._is_right = True
        self._explained.clear()
        print(f"\n{self._paint(1, f'{number:2}  {title}')}", flush=True)

    def close(self, number, title):
        """A scenario ends."""
        if self._is_right:
            self.right += 1
        else:
            self.wrong.append(f"{number}  {title}")

    def _line(self, label, text):
        print(textwrap.fill(text, WIDTH, initial_indent=f"      {label:9} ",
                            subsequent_indent=" " * 16, break_long_words=False), flush=True)

    def note(self, text):
        """Something happens between requests."""
        print(textwrap.fill(text, WIDTH, initial_indent="    - ", subsequent_indent="      "),
              flush=True)

    def verdict(self, is_right, asked, expected, got, why=None, decision=None):
        """A question with its answer, whether right or not."""
        mark = self._paint(32, "✓") if is_right else self._paint(31, "✗")
        self._is_right = self._is_right and is_right
        print(f"    {mark} {asked}", flush=True)
        self._line("expected", expected)
        self._line("got", got if is_right else self._paint(31, got))
        if why:
            self._line("why", why)
        if decision:
            self._line("record", decision)

    def why(self, answer):
        """Why the edge decided so: the rule's sentence, or what the refusal says."""
        if not answer.rule:
            return answer.outcome or "no rule was asked"
        if answer.rule in self._explained:
            return f"{answer.rule}, as above"
        self._explained.add(answer.rule)
        say = self._say.get(answer.policy, {})
        return f"{answer.rule}: {say.get(answer.rule, 'a rule without a sentence')}"

    def summary(self):
        """All scenarios are through."""
        print()
        for title in self.wrong:
            print(f"  {self._paint(31, 'wrong')}: {title}")
        print(f"{self.right} scenarios right, {len(self.wrong)} wrong", flush=True)
