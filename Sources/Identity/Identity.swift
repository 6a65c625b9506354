// Identity: tokens and certificates, as facts about who asks.
//
// Problem: role, purpose, tenant and scopes decide where patient data goes, and every one of them
// is a claim until it is proved. Proof costs tens of microseconds; a request may cost a few.
// Shape: `TokenVerifier` turns a bearer token into a `Subject` or a `TokenFault`: strict reading
// first (`JSONValue`, `TokenParts`), then issuer, key (`KeySet`, rotated and kept for a grace
// period by `KeyRing`), times, audience, signature (jwt-kit), `Revocations`, and last the issuer's
// `ClaimMapping`. `TokenCache` remembers what was proved, by the token's SHA-256, until it expires
// or the verifier no longer vouches for it. `CertificateRule`s do the same for client certificates.
// Threads: verifiers and subjects are immutable and shared; a cache belongs to one loop. Nothing
// here reads a clock or a file: bytes and times are handed in.
// Limits: `IdentityLimits`. Tokens stand in no message and no log.
