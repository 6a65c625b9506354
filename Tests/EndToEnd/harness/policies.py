"""Small policies for tests that are not about policy."""

from . import workshop

#: The policy that is shipped.
SHIPPED = workshop.ROOT / "policies" / "clinical-routing" / "0002.yaml"


def shipped():
    """The policy that is shipped."""
    return SHIPPED.read_text()


def transport(regions, version=1, audit="durable"):
    """Whatever concerns a patient goes to the patient's home; the server's description anywhere."""
    lines = "\n".join(f"  {name}: {{ jurisdiction: US }}" for name in regions)
    supersedes = f"supersedes: sha256:{'0' * 64}\n" if version > 1 else ""
    return f"""\
policy: transport
version: {version}
{supersedes}\
regions:
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
