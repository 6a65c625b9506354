"""A version is tried on live traffic: counted, never obeyed."""

import re

from harness import curl
from harness.waiting import until
from test_policy_lifecycle import DOCUMENT, LifecycleCase

#: What the version that is tried adds.
DENY = """deny:
  - id: D-1
    say: No notes
    when: { data_class: [notes] }
"""
DIFFERENCE = "notes: version 1 permit by T-2 decides, version 2 forbidden by D-1 differs"


class Shadow(LifecycleCase):
    """A running edge with version 1 in force, and a version 2 that nobody signed."""

    def setUp(self):
        super().setUp()
        self.activate(1)
        self.office.write(2, DENY, approved_by=[])

    def shadow(self, *words):
        """Runs `shadow`."""
        return self.office.on_edge("shadow", *words)

    def compared(self, count):
        """Waits until so many requests were compared; what `status` says of them."""
        until(lambda: (self.office.status()["shadow"] or {}).get("compared") == count,
              lambda: self.office.on_edge("status"), within=5)
        return self.office.status()["shadow"]

    def ask(self, count, version=1):
        """Asks for a note so often; each time this version permits it."""
        for _ in range(count):
            reply = curl.fetch(self.edge, DOCUMENT)
            self.assertEqual(reply.status, 200, reply)
            self.assertIn(f"version={version};rule=T-2", reply.header("ehr-policy"))

    def until_shadowed(self, words):
        """The edge says what it shadows."""
        until(lambda: words in self.edge.log().splitlines()[-1], lambda: self.edge.log()[-2000:],
              within=2)

    def test_differences_are_counted_and_answers_unchanged(self):
        self.edge.start()
        self.ask(2)
        self.assertIsNone(self.office.status()["shadow"])
        result = self.shadow(self.office.path(2))
        self.assertEqual(result.status, 0, result)
        self.assertIn("decides nothing", result.text)
        self.until_shadowed("version=2 [Edge] policy shadowed")
        self.ask(3)
        # Version 2 decides of its patients' other documents as version 1 does.
        reply = curl.fetch(self.edge, "/fhir/Patient/p2")
        self.assertIn("version=1", reply.header("ehr-policy"))
        status = self.compared(4)
        self.assertEqual(status["version"], 2)
        self.assertEqual(status["differences"], [f"3 {DIFFERENCE}"])
        text = self.office.on_edge("status").text
        self.assertRegex(text, r"shadowed +\S+ version 2")
        self.assertIn("asked about 4 requests", text)
        self.assertIn(f"3 {DIFFERENCE}", text)
        # Everything else is as before.
        self.assertTrue(self.office.status()["ok"])
        self.assertEqual(self.office.history(), ["activating 1", "activated 1"])
        loads = re.findall(r'"kind": ?"policy-load"', self.edge.audit_text())
        self.assertEqual(len(loads), 1)

        result = self.shadow("--off")
        self.assertEqual(result.status, 0, result)
        self.until_shadowed("no policy version is shadowed")
        self.assertIsNone(self.office.status()["shadow"])
        self.ask(2)
        # Again: the count begins anew.
        self.assertEqual(self.shadow(self.office.path(2)).status, 0)
        self.until_shadowed("version=2 [Edge] policy shadowed")
        self.ask(1)
        self.assertEqual(self.compared(1)["differences"], [f"1 {DIFFERENCE}"])
        self.assertEqual(self.edge.stop(), 0)

    def test_it_survives_reload_restart_and_its_own_activation(self):
        self.assertEqual(self.shadow(self.office.path(2)).status, 0)
        self.edge.start()
        self.ask(1)
        self.assertEqual(self.compared(1)["differences"], [f"1 {DIFFERENCE}"])
        self.edge.signal(1)
        until(lambda: self.edge.log().count("policy in force") == 2, "the reload")
        self.ask(1)
        self.assertEqual(self.compared(2)["differences"], [f"2 {DIFFERENCE}"])
        self.edge.kill()
        self.edge.start()
        self.ask(1)
        self.compared(1)
        for name in ("amina", "bela"):
            self.assertEqual(self.office.approve(2, name).status, 0)
        self.assertEqual(self.office.activate().status, 0)
        until(lambda: curl.fetch(self.edge, DOCUMENT).status == 403, "version 2 decides")
        # There is nothing left to try.
        self.assertIsNone(self.office.status()["shadow"])
        self.assertEqual(list(self.office.state.glob("shadow*.yaml")), [])
        self.assertFalse((self.office.state / "shadow").exists())
        self.assertTrue(self.office.status()["ok"])
        self.assertEqual(self.edge.stop(), 0)

    def test_what_is_refused(self):
        self.edge.start()
        self.assertEqual(self.shadow(self.office.path(2)).status, 0)
        self.until_shadowed("policy shadowed")
        broken = self.edge.folder / "broken.yaml"
        broken.write_text(self.office.text(3).replace("tier: primary", "tier: primarry"))
        result = self.shadow(broken)
        self.assert_refused(result, "invalid")
        self.assertRegex(result.error, r"broken\.yaml:\d+:\d+: error: ")
        text = self.office.text(3).replace("  west:", "  east: { jurisdiction: US }\n  west:", 1)
        broken.write_text(text)
        self.assert_refused(self.shadow(broken), "does-not-fit", "`east`")
        self.assertEqual(self.shadow(self.edge.folder / "none.yaml").status, 1)
        self.assertNotIn(self.shadow().status, (0, 1))
        self.assertNotIn(self.shadow(self.office.path(2), "--off").status, (0, 1))
        # The one before goes on.
        self.ask(1)
        self.assertEqual(self.compared(1)["version"], 2)

    def test_a_damaged_one_keeps_nothing_from_coming_into_force(self):
        self.assertEqual(self.shadow(self.office.path(2)).status, 0)
        with (self.office.state / "shadow.yaml").open("a") as file:
            file.write("# nothing, really\n")
        self.edge.start()
        self.ask(1)
        self.assertIn("shadow.yaml` is not the version", self.edge.log())
        result = self.office.on_edge("status")
        self.assertEqual(result.status, 1, result)
        self.office.write(3)
        self.assertEqual(self.office.activate().status, 0)
        until(lambda: "version=3" in curl.fetch(self.edge, DOCUMENT).header("ehr-policy"),
              "version 3 decides")
        self.assertEqual(self.shadow("--off").status, 0)
        self.assertTrue(self.office.status()["ok"], self.office.status())
        self.assertEqual(self.edge.stop(), 0)
