"""What FHIR makes of a request: versions, representations, searches, pages, what is never kept."""

from harness.cachetable import NO_CONDITIONS, answer, ask, case, good

P60 = "Cache-Control: public, max-age=60"


def _apart(name, first, second):
    """Two requests that share no entry; each is (path, lines)."""
    (path, send), (other, lines) = first, second
    return case(name, ask(good(), path=path, send=send, stored=True),
                ask(good(), path=other, send=lines, stored=True, sent=NO_CONDITIONS),
                ask(path=path, send=send, shows=1), ask(path=other, send=lines, shows=2))


def _alike(name, first, second):
    """Two requests that are answered by one entry."""
    (path, send), (other, lines) = first, second
    return case(name, ask(good(), path=path, send=send, stored=True),
                ask(path=other, send=lines, shows=1))


def _never(name, path, method="GET", body=None, who="nurse", kind="application/fhir+json",
           send=()):
    """What is not stored whatever the origin says."""
    send = [*send, *([f"Content-Type: {kind}"] if body else [])]
    return case(name, *(ask(good('ETag: "a"'), path=path, method=method, body=body, who=who,
                            send=send, stored=False, sent=NO_CONDITIONS) for _ in range(2)))


SEARCH = "/fhir/ValueSet?name={name}"
JSON, XML = ["Accept: application/fhir+json"], ["Accept: application/fhir+xml"]

_REPRESENTATIONS = [
    _apart("JSON and XML", ("", JSON), ("", XML)),
    _apart("a format and none", ("", JSON), ("", [])),
    _apart("_format in the query", ("?_format=json", []), ("?_format=xml", [])),
    _apart("_summary", ("?_summary=true", []), ("?_summary=data", [])),
    _apart("_elements", ("?_elements=name", []), ("?_elements=url", [])),
    _apart("a query and none", ("?_summary=true", []), ("", [])),
    _apart("an empty query and none", ("?", []), ("", [])),
    _apart("codings", ("", ["Accept-Encoding: gzip"]), ("", ["Accept-Encoding: br"])),
    _apart("languages", ("", ["Accept-Language: de"]), ("", ["Accept-Language: fr"])),
    _apart("preferences", ("", ["Prefer: return=minimal"]), ("", ["Prefer: handling=strict"])),
    _apart("an empty preference and none", ("", ["Accept-Language: "]), ("", [])),
    _apart("weights", ("", ["Accept: text/html, application/fhir+json;q=0.9"]),
           ("", ["Accept: text/html;q=0.9, application/fhir+json"])),
    _apart("two versions", ("/_history/1", []), ("/_history/2", [])),
    _apart("a version and the newest", ("/_history/1", []), ("", [])),
    _apart("a slash at the end", ("", []), ("/", [])),
    _apart("upper and lower case of a value", ("?_elements=Name", []), ("?_elements=name", [])),
    _alike("spaces around commas", ("", ["Accept: a/b,c/d"]), ("", ["Accept: a/b ,  c/d"])),
    _alike("codings in another order", ("", ["Accept-Encoding: gzip, br"]),
           ("", ["Accept-Encoding: BR,gzip"])),
    _alike("a list on two lines", ("", ["Accept: a/b, c/d"]), ("", ["Accept: a/b", "Accept: c/d"])),
    _alike("a field that chooses nothing", ("", ["User-Agent: a"]), ("", ["User-Agent: b"])),
    _alike("an encoded letter of a path", ("", []), ("/fhir/%56alueSet/{name}", [])),
    _alike("a path with detours", ("", []), ("/fhir/x/../ValueSet/./{name}", [])),
    _apart("an encoded letter of a query", ("?_elements=name", []), ("?_elements=n%61me", [])),
]

_SEARCHES = [
    _alike("parameters in another order", (SEARCH + "&status=active&_count=5", []),
           (SEARCH.replace("?name", "?_count=5&status=active&name"), [])),
    _alike("$expand with parameters in another order",
           ("/$expand?filter=abc&count=10", []), ("/$expand?count=10&filter=abc", [])),
    _apart("one parameter twice, in another order", (SEARCH + "&date=ge2020&date=le2021", []),
           (SEARCH + "&date=le2021&date=ge2020", [])),
    _apart("one parameter under two spellings, in another order",
           (SEARCH + "&date=ge2020&d%61te=le2021", []), (SEARCH + "&d%61te=le2021&date=ge2020", [])),
    _apart("one parameter behind a semicolon, in another order",
           (SEARCH + "&title=a;date=ge2020&date=le2021", []),
           (SEARCH + "&date=le2021&title=a;date=ge2020", [])),
    _apart("$expand with other parameters", ("/$expand?filter=abc", []),
           ("/$expand?filter=abd", [])),
    _apart("$expand with a parameter more", ("/$expand?filter=abc", []),
           ("/$expand?filter=abc&offset=10", [])),
    _apart("$expand and $validate-code", ("/$expand?code=a", []), ("/$validate-code?code=a", [])),
    _apart("a plus and a space", (SEARCH + "&title=a+b", []), (SEARCH + "&title=a%2Bb", [])),
    _apart("an empty parameter", (SEARCH, []), (SEARCH + "&", [])),
    _apart("a parameter without a value", (SEARCH + "&status", []), (SEARCH + "&status=", [])),
    _apart("an encoded ampersand", (SEARCH + "&title=a&status=b", []),
           (SEARCH + "&title=a%26status=b", [])),
    _apart("a semicolon is no ampersand", (SEARCH + "&title=a&status=b", []),
           (SEARCH + "&title=a;status=b", [])),
    case("one version is immutable", ask(answer("Cache-Control: public, immutable, max-age=600",
                                                'ETag: W/"3"'), path="/_history/3", stored=True),
         ask(path="/_history/3", ttl=600),
         ask(path="/_history/3", send=['If-None-Match: W/"3"'], status=304, shows=None)),
    case("a search ends with a change of what it includes",
         ask(good(), path="/fhir/PractitionerRole?_id={name}&_include=PractitionerRole:location",
             stored=True),
         ask(answer(), method="PUT", path="/fhir/Location/{name}",
             body=b'{"resourceType":"Location"}',
             send=["Content-Type: application/fhir+json"]),
         ask(good(), path="/fhir/PractitionerRole?_id={name}&_include=PractitionerRole:location",
             sent=NO_CONDITIONS)),
    case("metadata", ask(good(), path="/fhir/metadata?_k={name}", stored=True),
         ask(path="/fhir/metadata?_k={name}")),
]

_NEVER = [
    _never("pages of a search", "/fhir?_getpages={name}&_getpagesoffset=20"),
    _never("pages of a search of a type", "/fhir/ValueSet?_getpages={name}"),
    _never("history of a resource", "/_history"),
    _never("history of a type", "/fhir/ValueSet/_history?_since=2020-01-01&k={name}"),
    _never("a patient", "/fhir/Patient/p1?_k={name}"),
    _never("a patient's problems", "/fhir/Condition?patient=p1&_k={name}"),
    _never("everything of a patient", "/fhir/Patient/p1/$everything?_k={name}"),
    _never("a document", "/fhir/DocumentReference/p1.{name}"),
    _never("a file", "/fhir/Binary/{name}"),
    _never("a consent", "/fhir/Consent?patient=p1&_k={name}"),
    _never("who saw what", "/fhir/AuditEvent?patient=p1&_k={name}"),
    _never("a search that is posted", "/fhir/ValueSet/_search?_k={name}", "POST", b"name=a",
           kind="application/x-www-form-urlencoded"),
    _never("$expand that is posted", "/fhir/ValueSet/$expand?_k={name}", "POST",
           b'{"resourceType":"Parameters"}'),
    _never("a type that nobody knows", "/fhir/Unheard/{name}"),
    _never("a path outside of FHIR", "/elsewhere/{name}"),
    _never("a practitioner and his patients",
           "/fhir/Practitioner?_id={name}&_revinclude=Patient:general-practitioner"),
]

CASES = [*_REPRESENTATIONS, *_SEARCHES, *_NEVER]
