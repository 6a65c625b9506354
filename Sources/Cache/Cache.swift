// Cache: which answers may be kept, and to whom a kept one may be given again.
//
// Problem: the fastest lawful answer is one that is here already; the worst is one that should never
// have been kept. What is stored is a decision, what is served is another one, and both must hold.
// Shape: pure machines and tables. `Semantics` reads messages as RFC 9111 does: what may be stored, how
// long it is fresh, what a validator proves. `KeyBuilder` turns a row of the matrix and a request into a
// `CacheKey`. `CacheStore` is shared by all loops: shards behind a short lock each, bounded by bytes, with
// S3-FIFO. `DataKeyRing` seals entries under keys that can be dropped. `Ruling` says what the policy
// allows for one request; nothing goes in or out without one.
//   A hit: key, look-up, `ServableHit` from the second authorisation (row, policy, tenant, regions, role,
//   consent, generations), preconditions and ranges, head with `Age` and `Cache-Status`, body by slices.
//   A miss: the look-up gives a `FillPermit`; requests for the same key in the same view wait for it. The
//   origin's head goes through `FillPermit.admit`, which gives a `StorableResponse`; the body is appended
//   as it passes; `finish` publishes it, or nothing is ever seen. Dropping a permit or a half-filled
//   response releases those who wait.
//   An invalidation: `Generations.bump` writes a tag's counter. An entry remembers the sequence number of
//   its request's start and is dead when a tag of it was bumped later: INVARIANT (fence).
// Limits: `CacheLimits`. Times and randomness are arguments; nothing is written to disk. Keys live in
// OpenSSL's contexts; that they stay out of core dumps is the process's to arrange.
