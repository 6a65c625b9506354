"""The demo's identity provider: a signing key, the key set that the edge reads, and tokens.

usage: python3 deploy/walk/signin.py            make key and key set, if they are missing
       python3 deploy/walk/signin.py WHO        print a token of one of the demo's people

Made of the `openssl` command and nothing else; everything lies below deploy/run/identity.
"""

import base64
import functools
import json
import os
import re
import subprocess
import sys
import time

from stand import RUN

FOLDER = RUN / "identity"
KEY = FOLDER / "issuer.key"
KEYS = FOLDER / "keys.json"
#: As deploy/homeward.yaml has them.
ISSUER = "https://idp.homeward.example"
AUDIENCE = "https://edge.homeward.example/fhir"
KEY_NAME = "demo-1"
#: Long enough for a walk and some play.
LIFETIME_SECONDS = 8 * 3600

_DOCTOR = {"roles": ["clinician"], "purpose_of_use": ["TREAT"], "scope": "user/*.cruds"}
_EMERGENCY = _DOCTOR | {"purpose_of_use": ["TREAT", "BTG"]}
#: The demo's people: what their tokens say.
PEOPLE = {
    "dr-lee": _DOCTOR | {"amr": ["pwd", "otp"]},
    "dr-ito": _EMERGENCY | {"amr": ["pwd"]},
    "dr-ito-two-factors": _EMERGENCY | {"sub": "dr-ito", "amr": ["pwd", "otp"]},
    "nurse-ada": _DOCTOR | {"roles": ["nurse"], "tenant": "northside", "amr": ["pwd", "otp"]},
    "nurse-ben": _DOCTOR | {"roles": ["nurse"], "tenant": "northside", "amr": ["pwd", "otp"]},
    "nurse-cleo": _DOCTOR | {"roles": ["nurse"], "tenant": "southside", "amr": ["pwd", "otp"]},
}
#: Who asks when a scenario does not say.
USUAL = "dr-lee"


def _openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True,
                          capture_output=True).stdout


def _encode(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make():
    """Makes the key and the key set, unless they are there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not KEY.exists():
        made = KEY.with_suffix(".new")
        made.touch(mode=0o600)
        _openssl("genrsa", "-out", made, 2048)
        made.rename(KEY)
    modulus = re.search(rb"Modulus=([0-9A-F]+)", _openssl("rsa", "-in", KEY, "-noout", "-modulus"))
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_NAME, "e": "AQAB",
           "n": _encode(bytes.fromhex(modulus[1].decode()))}
    replacement = KEYS.with_suffix(".new")
    replacement.write_text(json.dumps({"keys": [key]}) + "\n")
    os.replace(replacement, KEYS)


def mint(**claims):
    """A signed token that says this; a claim that is None is left out."""
    now = int(time.time())
    head = {"alg": "RS256", "typ": "JWT", "kid": KEY_NAME}
    payload = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME_SECONDS,
               "auth_time": now, "jti": f"demo-{time.time_ns()}"} | claims
    said = {name: value for name, value in payload.items() if value is not None}
    text = ".".join(_encode(json.dumps(part).encode()) for part in (head, said))
    return f"{text}.{_encode(_openssl('dgst', '-sha256', '-sign', KEY, stdin=text.encode()))}"


@functools.cache
def token(who):
    """The token of one of the demo's people: one for the whole walk."""
    return mint(**({"sub": who} | PEOPLE[who]))


def main():
    if len(sys.argv) == 1:
        return make()
    if len(sys.argv) != 2 or sys.argv[1] not in PEOPLE:
        print(f"deploy/walk/signin.py: name one of {', '.join(PEOPLE)}", file=sys.stderr)
        return 2
    if not KEY.exists():
        print("deploy/walk/signin.py: no key yet; run deploy/demo first", file=sys.stderr)
        return 1
    print(token(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
