"""Scenarios: what they are, what they do and what they expect."""

import json

import signin
from asking import ADDRESSES, BASE, ask
from stand import Trouble, until

#: Every scenario by its number: title and function.
ALL = {}


def scenario(number, title):
    """Makes a function a scenario."""
    def register(function):
        assert number not in ALL, f"two scenarios {number}"
        ALL[number] = (title, function)
        return function
    return register


class Expected:
    """What is right: status, rule, region, tier, endpoint; what is not given may be anything."""

    def __init__(self, status, rule=None, region=None, tier=None, endpoint=None, stale=False,
                 **more):
        self.parts = {"status": status, "rule": rule, "region": region, "tier": tier,
                      "endpoint": endpoint}
        self.is_stale = stale
        #: Further tests by what they say: functions of the answer.
        self.more = {name.replace("_", " "): test for name, test in more.items()}

    def holds(self, answer):
        """Whether an answer is right."""
        return not self.missed(answer)

    def missed(self, answer):
        """What is not as it should be."""
        missed = [name for name, value in self.parts.items()
                  if value is not None and getattr(answer, name) != value]
        if not answer.is_http2:
            missed.append("HTTP/2")
        if answer.is_stale != self.is_stale:
            missed.append("stale mark")
        return missed + [name for name, test in self.more.items() if not test(answer)]

    def __str__(self):
        named = [str(value) for value in self.parts.values() if value is not None]
        return ", ".join(named + (["marked as stale"] if self.is_stale else []) + list(self.more))


def refused(status, rule=None, **more):
    """A refusal that an application can show: an OperationOutcome, from no region."""
    return Expected(status, rule, region="none",
                    OperationOutcome=lambda answer: answer.outcome is not None, **more)


def describe(answer, missed):
    """What came back, in a line."""
    if not answer.status:
        return "no answer"
    parts = [answer.status, answer.rule, answer.region, answer.tier, answer.endpoint]
    text = ", ".join(str(part) for part in parts if part)
    if answer.lag:
        text += f", {answer.lag} behind (bound {answer.bound})"
    if answer.is_stale:
        text += ", marked as stale"
    if answer.tier == "cache" or "stored" in answer.cache:
        text += f"; cache: {', '.join(answer.cache)}"
    if "retry-after" in answer.fields:
        text += f", retry after {answer.fields['retry-after']} s"
    if answer.outcome:
        text += ", OperationOutcome"
    return text + (f"; wrong: {', '.join(missed)}" if missed else "")


class Walk:
    """What a scenario works with."""

    def __init__(self, stand, teller):
        self.stand = stand
        self.teller = teller
        #: All answers that were shown.
        self.answers = []

    def ask(self, place, method, target, expected, fields=(), body=None, who=signin.USUAL,
            hidden=(), base=BASE):
        """Asks once, and shows whether the answer is right; `hidden` fields are sent, not shown."""
        return self._show(place, method, target, expected, fields,
                          ask(place, method, target, [*fields, *hidden], body, who, base), who)

    def ask_until(self, place, method, target, expected, seconds=10):
        """Asks until the answer is right: what leads to it takes a moment."""
        answers = []

        def is_right():
            answers[:] = [ask(place, method, target)]
            return expected.holds(answers[0])
        try:
            until(is_right, "the answer is right", seconds)
        except Trouble:
            pass
        return self._show(place, method, target, expected, (), answers[0])

    def change(self, change):
        """Applies a signed change to the patient directory, and says so."""
        self.note(f"homeward directory apply: {json.dumps(change)}")
        self.stand.change(change)

    def _show(self, place, method, target, expected, fields, answer, who=signin.USUAL):
        asked = f"{method} {f'/fhir/{target}'.rstrip('/')}  from {place} ({ADDRESSES[place]})"
        if who != signin.USUAL:
            asked += f", by {signin.PEOPLE[who].get('sub', who) if who else 'nobody known'}"
        for field in fields:
            asked += f"\n      {field}"
        missed = expected.missed(answer)
        self.teller.verdict(not missed, asked, str(expected), describe(answer, missed),
                            self.teller.why(answer), answer.decision)
        if answer.decision:
            self.answers.append(answer)
        return answer

    def check(self, asked, expected, got):
        """Shows whether something other than an answer is as it should be."""
        self.teller.verdict(expected == got, asked, expected, got)

    def check_load(self, load):
        """Shows whether all requests of a load were answered."""
        got = f"{len(load.failures)} of {load.count} failed"
        for failure in sorted(set(load.failures))[:3]:
            got += f"; {failure}"
        self.check("the safe requests before, during and after", f"0 of {load.count} failed", got)

    def note(self, text):
        """Says what happens."""
        self.teller.note(text)
