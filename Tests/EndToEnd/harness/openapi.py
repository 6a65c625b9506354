"""Judges answers of the admin API by its shipped description (OpenAPI 3.1)."""

import json
import re

from . import workshop

#: The description as it is shipped.
SHIPPED = workshop.ROOT / "deploy" / "openapi.json"
DOCUMENT = json.loads(SHIPPED.read_text())


class Mismatch(AssertionError):
    """A document is not what the description says."""


def check(value, schema, path="$"):
    """Raises Mismatch unless `value` is what `schema` says: the part of JSON Schema in use."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        check(value, DOCUMENT["components"]["schemas"][name], path)
        return
    if "anyOf" in schema:
        complaints = []
        for one in schema["anyOf"]:
            try:
                return check(value, one, path)
            except Mismatch as complaint:
                complaints.append(str(complaint))
        raise Mismatch(f"{path}: none of {complaints}")
    unknown = set(schema) - {"type", "format", "enum", "properties", "required", "items",
                             "additionalProperties", "description", "minimum", "maximum"}
    require(not unknown, f"{path}: the validator does not know {unknown}")
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool,
             "object": dict, "array": list, "null": type(None)}
    kind = schema["type"]
    require(isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool)),
            f"{path}: {value!r} is no {kind}")
    require("enum" not in schema or value in schema["enum"], f"{path}: {value!r}")
    if schema.get("format") == "date-time":
        require(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value), f"{path}: {value}")
    if kind == "object" and "properties" in schema:
        require(set(schema["required"]) <= set(value), f"{path}: lacks some of {schema['required']}")
        for name, inner in value.items():
            require(name in schema["properties"], f"{path}: unknown `{name}`")
            check(inner, schema["properties"][name], f"{path}.{name}")
    if kind == "array":
        for index, item in enumerate(value):
            check(item, schema["items"], f"{path}[{index}]")


def require(condition, message):
    """Raises Mismatch unless the condition holds."""
    if not condition:
        raise Mismatch(message)


def operation(method, target):
    """The operation that a target means; None when it is not described."""
    path = target.partition("?")[0]
    for pattern, operations in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return operations.get(method.lower())
    return None


def check_answer(method, target, status, kind, text):
    """Raises Mismatch unless this answer of a known route is described and as described."""
    described = operation(method, target)
    if described is None:
        # Unknown routes and methods, refused before anything else is known.
        require(status in (401, 404, 405, 429), f"{method} {target}: {status} is not described")
        check(json.loads(text), DOCUMENT["components"]["schemas"]["Problem"])
        return
    answers = described["responses"]
    require(str(status) in answers, f"{method} {target}: status {status} is not described")
    content = answers[str(status)]["content"]
    require(kind in content, f"{method} {target}: {status} of {kind} is not described")
    if kind != "text/event-stream":
        check(json.loads(text), content[kind]["schema"])


def check_event(kind, data):
    """Raises Mismatch unless an event holds what its kind says."""
    if kind != "gap":
        check(json.loads(data), DOCUMENT["components"]["schemas"][f"{kind.capitalize()}Event"])
