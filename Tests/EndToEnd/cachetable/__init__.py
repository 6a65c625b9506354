"""What RFC 9111 and the test policy ask of the cache; `harness.cachetable` plays the tables."""
