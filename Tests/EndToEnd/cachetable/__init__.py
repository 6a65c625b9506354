"""What RFC 9111 and the test policy ask of the cache, as tables; `harness.cachetable` plays them."""
