"""What the end-to-end tests are made of: the edge, origins of many kinds, and raw clients.

Everything runs on loopback on ports that the kernel picks, waits for conditions and never for time,
and needs nothing but Python's standard library and the programs that `run` checks for.
"""
