import Base
import Testing

/// Each value has one text, and each text one value or none.
struct Base64Tests {
  @Test func readsBackWhatItWrites() {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
      let text = Base64.encode(bytes)
      #expect(Base64.decode(text) == bytes)
      #expect(text.utf8.count == (bytes.count + 2) / 3 * 4)
    }
    #expect(Base64.encode(Array("foobar".utf8)) == "Zm9vYmFy")
  }

  @Test(arguments: [
    "A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA=A", "AA==AAAA", "A-AA", "AAAA\n",
    "AA\n=", "Ä===",
  ])
  func refusesAnyOtherForm(text: String) { #expect(Base64.decode(text) == nil) }
}
