import Base
import HTTP
import Testing

/// The canonical form of targets and authorities.
struct CanonicalTargetTests {
  /// The canonical form with a bar behind the path; nil when refused.
  static func canonical(_ raw: String) -> String? { canonical(wire(raw)) }

  static func canonical(_ raw: [UInt8]) -> String? {
    var target: [UInt8] = wire("left over")
    switch unsafe raw.withUnsafeBytes({
      unsafe CanonicalTarget.canonicalize($0, into: &target)
    }) {
    case .ok(let pathCount):
      return text(target[..<pathCount]) + "|" + text(target[pathCount...])
    case .refused:
      #expect(target.isEmpty)
      return nil
    }
  }

  @Test(arguments: [
    ("/", "/|"), ("/a", "/a|"), ("/a/", "/a/|"), ("/a/b?c=d", "/a/b|?c=d"), ("/?", "/|?"),
    ("/Patient/1?_include=a:b&x=%2f", "/Patient/1|?_include=a:b&x=%2f"),
    ("/?a|b", "/|?a|b"), ("/?a//../b", "/|?a//../b"), ("/?a\\b", "/|?a\\b"), ("/a?b?c", "/a|?b?c"),
    ("//", "/|"), ("///a", "/a|"), ("/a//b", "/a/b|"), ("/a//", "/a/|"), ("//a//b//", "/a/b/|"),
    ("/.", "/|"), ("/./", "/|"), ("/..", "/|"), ("/../", "/|"), ("/a/.", "/a/|"),
    ("/a/./b", "/a/b|"), ("/a/../b", "/b|"), ("/a/b/..", "/a/|"), ("/a/b/../", "/a/|"),
    ("/a/b/../../c", "/c|"), ("/../../a", "/a|"), ("/a/..", "/|"), ("/a//../b", "/b|"),
    ("/%2e", "/|"), ("/%2E%2e/a", "/a|"), ("/a/%2e%2e/b", "/b|"), ("/a/.%2E/b?x", "/b|?x"),
    ("/.a", "/.a|"), ("/..a", "/..a|"), ("/...", "/...|"), ("/a./b", "/a./b|"), ("/.a/", "/.a/|"),
    ("/.well-known/smart-configuration", "/.well-known/smart-configuration|"),
    ("/%61%62", "/ab|"), ("/%7Euser", "/~user|"), ("/%41%5f%2D", "/A_-|"), ("/%c3%a9", "/%C3%A9|"),
    ("/a%20b", "/a%20b|"), ("/%3f", "/%3F|"), ("/%23", "/%23|"), ("/%252e%252e/", "/%252e%252e/|"),
    ("/%25", "/%25|"), ("/a%3bb", "/a%3Bb|"), ("/a;b=c/d", "/a;b=c/d|"), ("/;a", "/;a|"),
    ("/$everything", "/$everything|"), ("/%24everything", "/%24everything|"), ("/a:b@c", "/a:b@c|"),
    ("/!$&'()*+,;=", "/!$&'()*+,;=|"), ("/a%7Cb", "/a%7Cb|"), ("/..a;b", "/..a;b|"),
  ])
  func canonicalizes(raw: String, canonical: String) { #expect(Self.canonical(raw) == canonical) }

  @Test(
    arguments: [
      ("", .empty), ("a", .relative), ("*", .relative), ("?a", .relative), ("#", .fragment),
      ("http://a/", .relative), ("\\a", .backslash), ("/a\\b", .backslash), ("/a#b", .fragment),
      ("/a?b#c", .fragment), ("/a b", .space), ("/a?b c", .space), ("/\u{0}", .control),
      ("/a\t", .control), ("/?\u{7F}", .control), ("/\r\n", .control), ("/\u{E9}", .nonASCII),
      ("/?\u{FF}", .nonASCII), ("/%", .percent), ("/%4", .percent), ("/%zz", .percent),
      ("/%4?", .percent), ("/?%", .percent), ("/?%0", .percent), ("/?%g0", .percent),
      ("/%2f", .encodedSlash), ("/a/..%2Fb", .encodedSlash), ("/%5C", .encodedBackslash),
      ("/%5c", .encodedBackslash), ("/%00", .encodedControl), ("/%0d%0a", .encodedControl),
      ("/%7f", .encodedControl), ("/a/..;/b", .dotSegmentParameters),
      ("/.;a", .dotSegmentParameters), ("/..;", .dotSegmentParameters),
      ("/%2e%2e;/", .dotSegmentParameters), ("/..%3b/", .dotSegmentParameters), ("/a|b", .byte),
      ("/<a>", .byte), ("/\"", .byte), ("/{a}", .byte), ("/a^", .byte), ("/[a]", .byte),
      ("/`", .byte), ("/a/../\u{80}", .nonASCII),
    ] as [(String, CanonicalTargetRefusal)])
  func refuses(raw: String, refusal: CanonicalTargetRefusal) {
    var target = wire("left over")
    let result = unsafe wire(raw).withUnsafeBytes {
      unsafe CanonicalTarget.canonicalize($0, into: &target)
    }
    #expect(result == .refused(refusal))
    #expect(target.isEmpty)
  }

  /// Seeded strings over the bytes that matter: a canonical form is its own canonical form, begins
  /// with one slash, and has no dot segment and no empty segment.
  @Test func canonicalFormsAreStable() {
    var random = SplitMix64(seed: 0xCA)
    let parts = [
      "/", "/", ".", "..", "a", "%2e", "%2E", "%41", "%c3", ";", "%3b", "?", "=", "%25", "b", "//",
      "%20", "~",
    ]
    var acceptedCount = 0
    for _ in 0..<20_000 {
      var raw = "/"
      for _ in 0..<Int.random(in: 0...9, using: &random) {
        raw += parts.randomElement(using: &random) ?? ""
      }
      guard let once = Self.canonical(raw) else { continue }
      acceptedCount += 1
      let bar = once.firstIndex(of: "|") ?? once.endIndex
      let path = once[..<bar]
      #expect(Self.canonical(String(path) + String(once[bar...].dropFirst())) == once, "\(raw)")
      let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
      #expect(path.first == "/" && !segments.dropLast().contains(""), "\(raw)")
      #expect(!segments.contains(".") && !segments.contains(".."), "\(raw)")
    }
    #expect(acceptedCount > 5000)
  }

  @Test func randomBytesNeverTrap() {
    var random = SplitMix64(seed: 0xCB)
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...24, using: &random)
      let bytes = [0x2F] + (0..<count).map { _ in UInt8.random(in: 0x20...0x7F, using: &random) }
      guard let form = Self.canonical(bytes) else { continue }
      #expect(form.hasPrefix("/"))
    }
  }

  @Test(
    arguments: [
      ("A.Example", "a.example"), ("a:443", "a:443"), ("1.2.3.4:80", "1.2.3.4:80"),
      ("[2001:DB8::1]", "[2001:db8::1]"), ("[::1]:8080", "[::1]:8080"), ("a_b-c.d", "a_b-c.d"),
      ("a:65535", "a:65535"), ("", nil), (":80", nil), ("a:", nil), ("a:0", nil), ("a:01", nil),
      ("a:65536", nil), ("a:8a", nil), ("a:+8", nil), ("u@a", nil), ("a b", nil), ("a,b", nil),
      ("a/b", nil), ("a%41", nil), ("[::1", nil), ("[1.2.3.4]", nil), ("[::1]8", nil), ("[]", nil),
      ("[fe80::1%25a]", nil), ("\u{E9}", nil),
    ] as [(String, String?)])
  func authorities(raw: String, canonical: String?) {
    var authority: [UInt8] = []
    let isValid = unsafe wire(raw).withUnsafeBytes {
      unsafe CanonicalAuthority.canonicalize($0, into: &authority)
    }
    #expect((isValid ? text(authority) : nil) == canonical)
  }
}
