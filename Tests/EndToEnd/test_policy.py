"""The officers' commands: their output, their streams and their exit status."""

import json
import os
import pty
import subprocess
import unittest

from harness import policies, workshop


def policy(*arguments, stdin=b""):
    """Runs `homeward policy` and gives its exit status, output and errors."""
    done = subprocess.run(
        [workshop.binary(), "policy", *map(str, arguments)], input=stdin, capture_output=True,
        timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class PolicyCommands(unittest.TestCase):

    def setUp(self):
        self.file = workshop.folder("policy") / "0001.yaml"
        self.file.write_text(policies.transport(["west", "east"]))

    def write(self, text):
        """Appends to the policy."""
        self.file.write_text(policies.transport(["west", "east"]) + text)

    def test_shipped_policies_pass_their_checks_and_tests(self):
        files = sorted((workshop.ROOT / "policies").glob("*/[0-9]*.yaml"))
        self.assertTrue(files)
        status, output, errors = policy("check", *files)
        # Gaps are worth a warning: what no route was written for is refused.
        self.assertEqual(status, 0)
        self.assertNotIn(": error:", errors)
        self.assertEqual(len(output.splitlines()), len(files))
        for file in files:
            status, _, errors = policy("test", file)
            self.assertEqual((status, errors), (0, ""), file)

    def test_mistakes_are_shown_with_their_place(self):
        self.write("phasses: {}\n")
        status, output, errors = policy("check", self.file)
        self.assertEqual((status, output), (1, ""))
        line = self.file.read_text().count("\n")
        self.assertIn(f"{self.file}:{line}:1: error: unknown key `phasses` in the policy", errors)
        self.assertIn("did you mean `phases`?", errors)
        status, output, errors = policy("check", self.file, "--json")
        self.assertEqual((status, errors), (1, ""))
        report = json.loads(output)
        self.assertFalse(report["ok"])
        self.assertEqual(report["files"][0]["diagnostics"][0]["suggestion"], "phases")

    def test_a_file_that_is_not_there_is_wrong_usage(self):
        self.assertEqual(policy("check", "nowhere.yaml")[0], 2)
        for arguments in (["test"], ["explain", "--request", "{}"], ["eval", "--requests", "-"]):
            self.assertEqual(policy(arguments[0], "nowhere.yaml", *arguments[1:])[0], 2)

    def test_a_violated_invariant_is_an_error_with_an_example(self):
        self.write(
            "never: [{ id: N-9, say: x, when: { operation: [read] },"
            " serve: { region_not_in: [west] } }]\n")
        status, output, errors = policy("check", self.file)
        self.assertEqual((status, output), (1, ""))
        self.assertIn("`N-9` is violated", errors)
        self.assertIn('example: {"operation":"read"', errors)

    def test_versions_are_compared_as_diff_does(self):
        other = self.file.with_name("0002.yaml")
        other.write_text(self.file.read_text() + "# a comment\n")
        self.assertEqual(policy("diff", self.file, other)[0], 0)
        other.write_text(
            self.file.read_text() + "deny: [{ id: D-9, say: x, when: { operation: [read] } }]\n")
        status, output, _ = policy("diff", self.file, other, "--json")
        self.assertEqual(status, 1)
        report = json.loads(output)
        self.assertEqual(report["change"], "less permissive")
        self.assertEqual(report["groups"][0]["after"]["rule"], "D-9")
        self.assertEqual(policy("diff", self.file, "nowhere.yaml")[0], 2)

    def test_failing_tests_fail(self):
        self.write("tests: [{ say: x, given: {}, expect: { decision: forbidden, rule: T-1 } }]\n")
        status, output, errors = policy("test", self.file, "--coverage")
        self.assertEqual(status, 1)
        self.assertIn("decision is unavailable, not forbidden", errors)
        self.assertIn("1 test, 1 failed; rules exercised: never 0 of 0, deny 0 of 0, route 1 of 3",
                      output)
        self.assertRegex(output, r"route +T-1 +1 +1")
        status, output, _ = policy("test", self.file, "--json")
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(output)["unexercised"], ["T-2", "T-3"])

    def test_a_request_is_explained(self):
        request = json.dumps({"operation": "read", "home": "west"})
        status, output, errors = policy("explain", self.file, "--request", request)
        self.assertEqual((status, errors), (0, ""))
        self.assertIn("route T-1: matches, but T-2 overrides it", output)
        self.assertTrue(output.endswith("west replica 3600s; west primary\n"), output)
        status, output, errors = policy("explain", self.file, "--request", "{")
        self.assertEqual((status, output), (2, ""))
        self.assertRegex(errors, r"^homeward: --request, column \d+: [^\n]+\n$")

    def test_programs_read_explanations_and_tests(self):
        request = json.dumps({"operation": "read", "home": "west"})
        status, output, errors = policy("explain", self.file, "--request", request, "--json")
        self.assertEqual((status, errors), (0, ""))
        report = json.loads(output)
        self.assertEqual(report["facts"]["home"], "west")
        self.assertEqual(report["facts"]["role"], "unknown")
        self.assertEqual([(rule["rule"], rule["matches"]) for rule in report["rules"]],
                         [("T-2", True), ("T-3", False), ("T-1", True)])
        self.assertIn("operation is read, not", report["rules"][1]["why"])
        self.assertEqual(report["removed"], [])
        self.assertEqual(report["decision"]["rule"], "T-2")
        status, output, errors = policy("generate-tests", self.file, "--json")
        self.assertEqual((status, errors), (0, ""))
        tests = json.loads(output)
        self.assertEqual({test["expect"]["rule"] for test in tests}, {"T-1", "T-2", "T-3"})
        # What is given is a request, and the answer is that of `eval`.
        lines = "".join(json.dumps(test["given"]) + "\n" for test in tests).encode()
        status, output, _ = policy("eval", self.file, "--requests", "-", stdin=lines)
        self.assertEqual(status, 0)
        for test, line in zip(tests, output.splitlines(), strict=True):
            decision = json.loads(line)
            self.assertEqual(test["expect"], {key: decision[key] for key in test["expect"]})
        status, output, _ = policy("generate-tests", self.file)
        self.assertEqual(output.count("- say:"), len(tests))

    def test_progress_is_for_terminals(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        done = subprocess.run([workshop.binary(), "policy", "check", self.file], stderr=slave,
                              stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60)
        os.close(slave)
        self.assertEqual(done.returncode, 0)
        shown = os.read(master, 4096).decode()
        self.assertIn("\rproving transport version 1: 0 %", shown)
        # The line is clear at the end.
        self.assertIn("\x1b[K", shown)
        self.assertNotIn("proving", policy("check", self.file)[2])

    def test_requests_are_decided_line_by_line(self):
        lines = [{"operation": "create", "home": "east"}, {"home": "esat"}, {}]
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        status, output, errors = policy("eval", self.file, "--requests", "-", stdin=text)
        self.assertEqual(status, 1)
        first, second, third = map(json.loads, output.splitlines())
        self.assertEqual((first["decision"], first["rule"], first["candidates"]),
                         ("permit", "T-1", ["east primary"]))
        self.assertEqual(second["line"], 2)
        self.assertIn("did you mean `east`?", second["error"])
        self.assertEqual(third["decision"], "unavailable")
        self.assertRegex(errors, r"^-:2:2: error: no region is called `esat`")
        requests = self.file.with_name("requests.jsonl")
        requests.write_bytes(text.splitlines(True)[0])
        self.assertEqual(policy("eval", self.file, "--requests", requests)[0], 0)

