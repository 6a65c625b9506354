// Cache: which answers may be kept, and to whom a kept one may be given again.
//
// Problem: the fastest lawful answer is one that is here already; the worst is one that should
// never have been kept. What is stored is one decision, what is served is another, and both must
// hold.
// Shape: pure machines and tables. `Semantics` reads messages as RFC 9111 does: what may be stored,
// how long it is fresh, what a validator proves. `KeyBuilder` turns a row of the matrix and a
// request into a `CacheKey`. `CacheStore` is shared by all loops: shards behind a short lock each,
// bounded by bytes, S3-FIFO. `DataKeyRing` seals entries under keys that can be dropped. `Ruling`
// says what the policy allows for one request; nothing goes in or comes out without one.
//
// A hit: key, look-up, a `ServableHit` from the second authorisation (row, policy, tenant, regions,
// role, purpose, events since), preconditions and range, head with `Age`, body by slices.
//
// A miss: the look-up gives a `FillPermit`; requests for the same key in the same view wait for it.
// The request leaves (`depart`); the origin's head goes through `admit`, which gives a
// `StorableResponse`; the body is appended as it passes; `finish` publishes it, or nothing is ever
// seen. Dropping a permit or a half-filled response releases those who wait.
//
// An invalidation: `Generations.bump` writes a tag's counter. An entry remembers the number of the
// newest bump when its request left, and is dead when a tag of it was bumped later:
// INVARIANT (fence). Whoever writes bumps before the write is sent and again when it was answered.
//
// A disk, where there is one (`Disk`), takes what memory evicts, sealed, of rows that allow it.
// Such an entry stands in its shard's table without its bytes: whatever ends entries ends it, too.
// A look-up that meets it waits for `DiskWorker` to read it back, and looks again.
//
// Limits: `CacheLimits`. Time, chance and the disk are arguments. Expanded keys lie in OpenSSL's
// contexts: that the process leaves no core dump is the executable's to arrange.
