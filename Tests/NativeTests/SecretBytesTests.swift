import Base
import Native
import Testing

@Suite struct SecretBytesTests {
  private func bytes(_ secret: borrowing SecretBytes) -> [UInt8] {
    unsafe secret.withBytes { unsafe [UInt8]($0) }
  }

  @Test func secretsHoldWhatTheyWereGiven() {
    var secret = SecretBytes(count: 5)
    let zeros = bytes(secret)
    #expect(zeros == [0, 0, 0, 0, 0])
    unsafe secret.withMutableBytes { unsafe $0[2] = 9 }
    let changed = bytes(secret)
    #expect(changed == [0, 0, 9, 0, 0])
    let copied = unsafe [UInt8](1...32).withUnsafeBytes { source in
      let copy = unsafe SecretBytes(copying: source)
      return bytes(copy)
    }
    #expect(copied == [UInt8](1...32))
    let first = SecretBytes.random(count: 32)
    let second = SecretBytes.random(count: 32)
    let areEqual = bytes(first) == bytes(second)
    #expect(!areEqual)
  }

  /// The heap is bounded; what does not fit lies elsewhere and works as well.
  @Test func moreThanTheHeapHolds() {
    let small = SecretBytes.random(count: 32)
    let large = SecretBytes.random(count: 1 << 20)
    let isProtected = large.isProtected
    #expect(!isProtected)
    let counts = [bytes(large).count, bytes(small).count]
    #expect(counts == [1 << 20, 32])
  }

  @Test func openedSecretsAreThoseThatWereSealed() throws {
    var key = AEADKey.random()
    var sealed = ByteQueue()
    let nonce = AEADNonce(prefix: 1, counter: 2)
    unsafe [UInt8](1...32).withUnsafeBytes { secret in
      unsafe [UInt8](5...6).withUnsafeBytes { data in
        unsafe key.seal(secret, nonce: nonce, associatedData: data, into: &sealed)
      }
    }
    let text = sealed.copyToArray()
    let opened = SecretBytes.open(text[...], with: &key, nonce: nonce, associatedData: [5, 6])
    guard let opened = consume opened else {
      Issue.record("did not open")
      return
    }
    let plain = bytes(opened)
    #expect(plain == [UInt8](1...32))
    let other = SecretBytes.open(text[...], with: &key, nonce: nonce, associatedData: [5])
    let cut = SecretBytes.open(
      text.dropLast(), with: &key, nonce: nonce, associatedData: [5, 6])
    let areRefused = other == nil && cut == nil
    #expect(areRefused)
  }
}
