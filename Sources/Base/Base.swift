// Base: the words and the small containers that every other target shares.
//
// Problem: bytes, instants, places and clinical terms cross every border of the program; each must
// mean one thing everywhere and cost nothing to pass.
// Shape: value types without dependencies. `ByteQueue` for bytes on the move, `Instant` for time
// that is handed in, the glossary enums for facts, `SplitMix64` for seeded randomness.
// Limits: nothing here reads a clock, performs a system call or imports Foundation.
