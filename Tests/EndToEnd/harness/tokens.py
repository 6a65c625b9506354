"""Issuers of tokens, made of the `openssl` command and nothing else."""

import base64
import json
import re
import subprocess
import time

from . import workshop

#: For whom the tokens are.
AUDIENCE = "https://edge.homeward.example/fhir"


def encode(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _openssl(*arguments, stdin=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True,
                          capture_output=True).stdout


class Key:
    """A key pair for RS256 or ES256, and its public half as a JWK."""

    def __init__(self, algorithm, name):
        self.algorithm, self.name = algorithm, name
        self.file = workshop.folder("key") / "key.pem"
        if algorithm == "RS256":
            _openssl("genrsa", "-out", self.file, 2048)
            modulus = re.search(
                rb"Modulus=([0-9A-F]+)", _openssl("rsa", "-in", self.file, "-noout", "-modulus"))
            numbers = {"kty": "RSA", "n": encode(bytes.fromhex(modulus[1].decode())), "e": "AQAB"}
        else:
            _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file)
            point = _openssl("ec", "-in", self.file, "-pubout", "-outform", "DER")[-64:]
            numbers = {"kty": "EC", "crv": "P-256", "x": encode(point[:32]),
                       "y": encode(point[32:])}
        self.jwk = {"kid": name, "use": "sig", "alg": algorithm} | numbers

    @property
    def public(self):
        """The public half as PEM."""
        return _openssl("pkey", "-in", self.file, "-pubout")

    def sign(self, text):
        """The signature over a text, as JWS writes it."""
        signature = _openssl("dgst", "-sha256", "-sign", self.file, stdin=text)
        if self.algorithm == "RS256":
            return signature
        # DER: SEQUENCE { INTEGER r, INTEGER s } becomes r and s of 32 bytes each.
        rest, numbers = signature[2:], []
        for _ in range(2):
            count = rest[1]
            numbers.append(int.from_bytes(rest[2:2 + count]))
            rest = rest[2 + count:]
        return b"".join(number.to_bytes(32) for number in numbers)


class Issuer:
    """An issuer: its keys, the file in which it publishes them, and its tokens."""

    def __init__(self, name="ward", algorithms=("ES256",)):
        self.name, self.url = name, f"https://{name}.idp.example"
        self.keys = [Key(algorithm, f"{name}-{algorithm}") for algorithm in algorithms]
        self.file = workshop.folder("issuer") / "keys.json"
        #: Where else the edge finds the keys, as the configuration's `jwks`; nothing for the file.
        self.jwks = None
        self.publish(*self.keys)

    def publish(self, *keys):
        """Puts the file of these keys in the old one's place."""
        replacement = self.file.with_suffix(".new")
        replacement.write_text(json.dumps({"keys": [key.jwk for key in keys]}))
        replacement.rename(self.file)

    def token(self, key=None, header=None, **claims):
        """A signed token; a claim that is None is left out."""
        key, now = key or self.keys[0], int(time.time())
        head = {"alg": key.algorithm, "typ": "JWT", "kid": key.name} | (header or {})
        payload = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600,
                   "jti": "token-1"} | claims
        text = ".".join(
            encode(json.dumps({n: v for n, v in part.items() if v is not None}).encode())
            for part in (head, payload)).encode()
        return f"{text.decode()}.{encode(key.sign(text))}"

    def lines(self, **settings):
        """The issuer in the configuration."""
        text = [f"    - name: {self.name}", f"      issuer: {self.url}",
                f"      audiences: [\"{AUDIENCE}\"]",
                f"      jwks: {self.jwks}" if self.jwks else f"      keys: {self.file}"]
        return text + [f"      {name}: {value}" for name, value in settings.items()]


def section(*issuers, certificates=(), **settings):
    """The `identity` section of a configuration."""
    text = ["identity:"] + [f"  {name}: {value}" for name, value in settings.items()]
    if issuers:
        text += ["  issuers:"] + [line for issuer in issuers for line in issuer.lines()]
    if certificates:
        text += ["  certificates:"] + [f"    - {rule}" for rule in certificates]
    return text


def bearer(token):
    """The field that carries a token."""
    return ("authorization", f"Bearer {token}")
