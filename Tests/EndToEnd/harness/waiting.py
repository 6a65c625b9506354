"""Waiting for conditions."""

import time


def until(condition, say, within=10.0, pause=0.01):
    """Returns the first true value of `condition()`; fails with `say` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {within:g} s in vain: {say() if callable(say) else say}")
        time.sleep(pause)


def until_steady(measure, say, within=10.0, quiet=0.4):
    """Returns `measure()` once it has kept its value for `quiet` seconds."""
    state = {"value": measure(), "since": time.monotonic()}

    def is_steady():
        value, now = measure(), time.monotonic()
        if value != state["value"]:
            state.update(value=value, since=now)
        return now - state["since"] >= quiet

    until(is_steady, say, within=within)
    return state["value"]
