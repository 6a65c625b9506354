import Base
import Identity
import Native
import Testing

@testable import Proxy

@Suite struct SessionTests {
  private let keys = SessionKeys([[UInt8](repeating: 7, count: 32)], lifetimeSeconds: 3_600)
  private let time = WallTime(microseconds: 1_795_323_600_000_000)
  private let mark = SessionMark(epoch: 3, position: 1 << 40)

  private func seal(
    _ sealer: SessionSealer, _ mark: SessionMark, patient: String = "p1", domain: String = "west",
    at time: WallTime? = nil
  ) -> [UInt8] {
    let time = time ?? self.time
    return unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { memory in
      var text = unsafe ByteWriter(memory)
      unsafe Array(patient.utf8).withUnsafeBytes {
        unsafe sealer.seal(
          mark, patient: $0, domain: Array(domain.utf8), at: time, nonce: .random(),
          into: &text)
      }
      return unsafe [UInt8](memory[..<text.count])
    }
  }

  private func open(
    _ sealer: SessionSealer, _ token: [UInt8], patient: String = "p1", domain: String = "west",
    after seconds: Int = 0
  ) -> Result<SessionMark, SessionFault> {
    let time = WallTime(
      microseconds: UInt64(Int(self.time.microseconds) + seconds * 1_000_000))
    return unsafe token.withUnsafeBytes { text in
      unsafe Array(patient.utf8).withUnsafeBytes {
        unsafe sealer.open(text, patient: $0, domain: Array(domain.utf8), at: time)
      }
    }
  }

  @Test(arguments: [(0, 0), (3, 7), (UInt64.max, UInt64.max)] as [(UInt64, UInt64)])
  func aTokenSaysWhatWasSealed(_ epoch: UInt64, _ position: UInt64) {
    let sealer = SessionSealer(keys)
    let mark = SessionMark(epoch: epoch, position: position)
    let token = seal(sealer, mark)
    #expect(token.count == SessionSealer.characterCount)
    #expect(open(sealer, token) == .success(mark))
    // Another loop, or another edge, opens it, too; no two tokens are alike.
    #expect(open(SessionSealer(keys), token) == .success(mark))
    #expect(seal(sealer, mark) != token)
  }

  @Test(
    arguments: [
      ("p2", "west", 0, .foreign), ("", "west", 0, .foreign), ("p1", "east", 0, .foreign),
      ("p1", "", 0, .foreign), ("p1", "west", 3_600, nil), ("p1", "west", 3_601, .expired),
      ("p1", "west", -300, nil), ("p1", "west", -301, .expired),
    ] as [(String, String, Int, SessionFault?)])
  func aTokenIsForOnePatientAndATime(
    _ patient: String, _ domain: String, _ seconds: Int, _ fault: SessionFault?
  ) {
    let sealer = SessionSealer(keys)
    let opened = open(
      sealer, seal(sealer, mark), patient: patient, domain: domain, after: seconds)
    #expect(opened == fault.map { .failure($0) } ?? .success(mark))
  }

  /// Each bit of a token changed, each length, and the ends of two tokens joined.
  @Test func noChangedTokenOpens() throws {
    let sealer = SessionSealer(keys)
    let (token, other) = (seal(sealer, mark), seal(sealer, SessionMark(epoch: 9, position: 9)))
    let bytes = try #require(Base64URL.decode(token[...]))
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << UInt8(bit)
        let text = encode(changed)
        let expected: SessionFault = index == 0 ? .unreadable : index < 5 ? .unknownKey : .forged
        #expect(open(sealer, text) == .failure(expected), "byte \(index), bit \(bit)")
      }
    }
    for count in 0..<token.count {
      #expect(open(sealer, Array(token[..<count])) == .failure(.unreadable))
      guard count > 7, token[..<count] != other[..<count] else { continue }
      let joined = Array(token[..<count] + other[count...])
      guard joined != other, joined != token else { continue }
      guard case .failure = open(sealer, joined) else {
        Issue.record("two halves open: \(count)")
        continue
      }
    }
    #expect(open(sealer, token + [0x41]) == .failure(.unreadable))
    #expect(open(sealer, token.dropLast() + [0x3D]) == .failure(.unreadable))
  }

  private func encode(_ bytes: [UInt8]) -> [UInt8] {
    unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { memory in
      var text = unsafe ByteWriter(memory)
      unsafe bytes.withUnsafeBytes { unsafe Base64URL.encode($0, into: &text) }
      return unsafe [UInt8](memory[..<text.count])
    }
  }

  @Test func anOldKeyOpensAndANewOneSeals() {
    let old = [UInt8](repeating: 1, count: 32)
    let new = [UInt8](repeating: 2, count: 40)
    let (before, during, after) = (
      SessionSealer(SessionKeys([old], lifetimeSeconds: 60)),
      SessionSealer(SessionKeys([new, old], lifetimeSeconds: 60)),
      SessionSealer(SessionKeys([new], lifetimeSeconds: 60))
    )
    #expect(open(during, seal(before, mark)) == .success(mark))
    #expect(open(after, seal(during, mark)) == .success(mark))
    #expect(open(after, seal(before, mark)) == .failure(.unknownKey))
    #expect(open(before, seal(during, mark)) == .failure(.unknownKey))
  }

  @Test func faultsAreCounted() {
    let sealer = SessionSealer(keys)
    #expect(sealer.takeFaults() == nil)
    for fault in [SessionFault.forged, .foreign, .forged] { sealer.note(fault) }
    #expect(sealer.takeFaults()?.map(\.0) == [.forged, .foreign])
    #expect(sealer.takeFaults() == nil)
  }

  @Test func base64OfAllLengthsComesBack() {
    var random = SplitMix64(seed: 5)
    for count in 0..<70 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(Base64URL.decode(encode(bytes)[...]) == bytes)
    }
  }
}
