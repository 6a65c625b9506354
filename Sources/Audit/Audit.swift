// Audit: what was decided and what came of it, in a form that can be proved whole.
//
// Problem: a disclosure that left no record must not happen, and the record must cost next to
// nothing on the request's way. Disks tear, flip bits, fill up and lie about what they wrote.
// Shape: `DecisionRecord`, `OutcomeRecord` and `EventRecord` encode straight into a queue as tagged
// fields (`Pending`). `GroupCommit` says what to write, when to sync and what is durable.
// `FrameBuilder` seals who and whose under the log's keys (`LogKeys`), hashes each entry into the
// tree (`Tree`: RFC 6962 and C2SP's notes, checkpoints, tiles and proofs) and makes one frame of a
// group; `SegmentScanner` judges a file that was left behind; `AccountCheck` recounts; `AuditText`
// renders records for people. `Search` says where records stand: `SearchBlockBuilder` makes blocks
// of an index, `SearchBlock` reads them, `SearchQuery` compares.
// Limits: nothing here performs I/O, reads a clock or starts a thread: the driver does, and tells.
// Readers skip fields that they do not know. Bounds are in `Limits.swift`.
