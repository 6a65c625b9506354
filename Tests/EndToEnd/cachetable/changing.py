"""What a change ends: RFC 9111 section 4.4, and what FHIR adds to it."""

from harness.cachetable import NO_CONDITIONS, answer, ask, case, good


def _ended(name, *writes, path=""):
    """What is stored at `path` is asked for anew behind the writes."""
    return case(name, ask(good('ETag: "a"'), path=path, stored=True), ask(path=path),
                *writes, ask(good(), path=path, sent=NO_CONDITIONS, stored=True, status=200),
                ask(path=path))


def _kept(name, *steps, path="", shows=1):
    """What is stored at `path` is served behind the steps as before."""
    return case(name, ask(good(), path=path, stored=True), *steps,
                ask(path=path, shows=shows, status=200))


def _write(method, status, *lines, path="", body=None, **wants):
    bare = {"shows": None} if status == 204 else {}
    if method != "DELETE":
        kind = path.split("/")[2].split("?")[0] if path.startswith("/fhir/") else "ValueSet"
        body = b'{"resourceType":"%s"}' % kind.encode()
    return ask(answer(*lines, status=status), method=method, path=path, body=body,
               send=["Content-Type: application/fhir+json"], status=status, **bare, **wants)


CASES = [
    *(_ended(f"{method} {status}", _write(method, status))
      for method, status in (("PUT", 200), ("PUT", 201), ("PUT", 204), ("PATCH", 200),
                             ("POST", 200), ("PUT", 303))),
    _ended("DELETE", _write("DELETE", 204)),
    *(_ended(f"a PUT that failed with {status} may have written", _write("PUT", status))
      for status in (400, 404, 409, 412, 422, 500, 503)),
    _ended("a PUT whose answer never came",
           ask(good(framing="hang up"), method="PUT", body=b'{"resourceType":"ValueSet"}',
               shows=..., status=...,
               send=["Content-Type: application/fhir+json"])),
    _ended("a change of another resource that names it in Content-Location",
           _write("PUT", 200, "Content-Location: {path}", path="/fhir/CodeSystem/{name}")),
    _ended("a change of another resource that names it in Location",
           _write("PUT", 201, "Location: https://edge.homeward.example{path}",
                  path="/fhir/CodeSystem/{name}")),
    _kept("a failed change of another resource that names it",
          _write("PUT", 500, "Location: {path}", path="/fhir/CodeSystem/{name}")),
    _kept("another server's Location",
          _write("PUT", 201, "Location: https://evil.example{path}",
                 path="/fhir/CodeSystem/{name}")),
    _kept("a change of another resource", _write("PUT", 200, path="/fhir/CodeSystem/{name}")),
    _kept("a change of another type with the same id",
          _write("DELETE", 204, path="/fhir/Location/{name}")),
    _kept("HEAD changes nothing", ask(method="HEAD")),
    _kept("a read of another resource changes nothing",
          ask(good(), path="/fhir/CodeSystem/{name}"), shows=1),
    _ended("a change ends searches of its type", _write("PUT", 200),
           path="/fhir/ValueSet?identifier={name}"),
    _ended("a new resource ends searches of its type",
           _write("POST", 201, path="/fhir/ValueSet?_k={name}"),
           path="/fhir/ValueSet?identifier={name}"),
    _ended("a deletion ends searches of its type", _write("DELETE", 204),
           path="/fhir/ValueSet?identifier={name}"),
    _ended("a change ends what is computed from it", _write("PUT", 200),
           path="/fhir/ValueSet/{name}/$expand"),
    _ended("a change ends views of it", _write("PUT", 200), path="?_summary=true"),
    _ended("a conditional change ends reads of its type",
           _write("PUT", 200, path="/fhir/ValueSet?identifier={name}")),
    _ended("a conditional deletion ends reads of its type",
           _write("DELETE", 204, path="/fhir/ValueSet?identifier={name}")),
    _ended("a batch that changes it",
           ask(answer(), method="POST", path="/fhir/?k={name}", send=[
               "Content-Type: application/fhir+json"], body=b'{"resourceType":"Bundle",'
               b'"type":"batch","entry":[{"request":{"method":"DELETE","url":"ValueSet/x"}}]}')),
]
