"""Small policies for tests that are not about policy."""

from . import workshop

#: The policy that is shipped.
SHIPPED = workshop.ROOT / "policies" / "clinical-routing" / "0001.yaml"


def version_lines(version):
    """The lines that number a version; every one but the first says what it supersedes."""
    before = f"supersedes: sha256:{'0' * 64}\n" if version > 1 else ""
    return f"version: {version}\n{before}"


def shipped(version=1):
    """The shipped policy, as if it were this version."""
    text = SHIPPED.read_text()
    assert text.count("\nversion: 1\n") == 1
    return text.replace("\nversion: 1\n", "\n" + version_lines(version))


def transport(regions, version=1, audit="durable"):
    """Whatever concerns a patient goes to the patient's home; the server's description anywhere."""
    lines = "\n".join(f"  {name}: {{ jurisdiction: US }}" for name in regions)
    return f"""\
policy: transport
{version_lines(version)}regions:
{lines}
routes:
  - id: T-1
    say: Everything goes to the home region, writes to its primary
    when: {{}}
    serve:
      - {{ region: home, tier: primary }}
    audit: {audit}
  - id: T-2
    say: Reads go to a copy first
    when: {{ operation: [read, vread, search] }}
    overrides: [T-1]
    serve:
      - {{ region: home, tier: replica, staleness: 1h }}
      - {{ region: home, tier: primary }}
    audit: {audit}
  - id: T-3
    say: The server's own description comes from anywhere
    when: {{ operation: [capabilities] }}
    overrides: [T-1]
    serve:
      - {{ region: any, tier: primary }}
    audit: standard
"""
