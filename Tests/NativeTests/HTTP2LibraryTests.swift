import Native
import Testing

/// What the process asks of nghttp2.
struct HTTP2LibraryTests {
  @Test func installedLibraryHasTheLimits() throws { try HTTP2Library.check() }
}
