"""A policy with a cache matrix for tests: who may see what, and what of it is kept."""

#: Every class that a row of `POLICY` does not keep.
NEVER = ("demographics, encounters, problems, allergies, immunizations, medications, orders, "
         "notes, imaging, billing, consent, audit, behavioral-health, substance-use, "
         "reproductive-health, mixed, bulk, unknown")

#: Reference data without stale windows, scheduling with them, an application's files for everybody,
#: vital signs for one user, laboratory results for a role; nothing else.
POLICY = f"""\
policy: cached
version: 1
tenants: [north, south]
regions:
  west: {{ near: [US-AZ], jurisdiction: US }}
  east: {{ near: [US-NY], jurisdiction: US }}
routes:
  - id: R-1
    say: Everything is answered by an authority
    when: {{}}
    serve:
      - {{ region: [home, west], tier: primary }}
    audit: standard
  - id: R-2
    say: What concerns no patient comes from the edge's cache, else from the West
    when:
      operation: [read, vread, search, operation, capabilities, asset]
      data_class: [reference, scheduling, asset]
    overrides: [R-1]
    serve:
      - {{ region: west, tier: cache, staleness: 24h }}
      - {{ region: west, tier: primary }}
    audit: standard
  - id: R-3
    say: Machines are answered by the East
    when:
      operation: [read, vread, search, operation, capabilities, asset]
      data_class: [reference, scheduling, asset]
      role: [system]
    overrides: [R-1, R-2]
    serve:
      - {{ region: west, tier: cache, staleness: 30s }}
      - {{ region: east, tier: primary }}
    audit: standard
  - id: R-4
    say: Vital signs and results come from the home region, or what is kept of them there
    when:
      operation: [read, search]
      data_class: [vitals, laboratory]
      role: [clinician, nurse, patient]
    overrides: [R-1]
    serve:
      - {{ region: home, tier: cache, staleness: 1m }}
      - {{ region: home, tier: primary }}
    audit: durable
  - id: R-5
    say: Whoever bills must not be served what was kept
    when: {{ operation: [read, search], data_class: [reference], role: [billing] }}
    overrides: [R-1, R-2]
    serve:
      - {{ region: west, tier: primary }}
    audit: standard
deny:
  - id: D-1
    say: Nothing without consent
    when: {{ consent: [withdrawn] }}
  - id: D-2
    say: Support sees no results
    when: {{ role: [support], data_class: [laboratory, vitals] }}
cache:
  - data_class: [reference]
    store:
      regions: [any]
      ttl: 1h
      key: [tenant, region]
      seal: tenant
      invalidate: [write, policy]
  - data_class: [scheduling]
    store:
      regions: [any]
      ttl: 1h
      key: [tenant, role]
      readers: {{ role: [clinician, nurse] }}
      stale_while_revalidate: 60s
      stale_if_error: 600s
      invalidate: [write]
  - data_class: [asset]
    store:
      regions: [any]
      ttl: 24h
      key: []
      stale_if_error: 1h
      invalidate: [policy]
  - data_class: [vitals]
    store:
      regions: [home]
      ttl: 60s
      key: [tenant, region, user, role, consent]
      seal: user
      invalidate: [write, patient-write, consent, policy]
  - data_class: [laboratory]
    store:
      regions: [home]
      ttl: 60s
      key: [tenant, region, role, purpose, consent]
      seal: tenant
      readers: {{ role: [clinician, nurse], purpose: [treatment] }}
      invalidate: [write, patient-write, consent, policy]
  - data_class: [{NEVER}]
    store: never
"""
