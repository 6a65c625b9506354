// Proxy: the life of a request, as machines and pure functions.
//
// Problem: facts, plan, narrowing, retries, record and answer must fit together in one order that
// holds whatever the network does.
// Shape: a `Snapshot` is everything a decision depends on, immutable and swapped as a whole. A
// `Decider` turns a request head into a `Decision`: facts, plan, narrowed plan, record. An
// `ExchangeMachine` takes what happens afterwards, event by event, and answers with the next
// action. `Refusal` and `Answers` are what clients see when no origin speaks.
// Limits: no sockets, no clock, no files; the `Edge` target performs the actions.
