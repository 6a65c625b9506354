// Reactor.
