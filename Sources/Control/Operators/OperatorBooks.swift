internal import Base
internal import Native

/// A state, and the line of the history up to which it tells.
public struct OperatorBooks: Hashable, Sendable {
  /// The state after that line's act.
  public private(set) var state = OperatorState()
  /// The chain of that line.
  public private(set) var chain = Chain.start

  /// The books before the first act.
  public init() {}

  /// Takes the next act; false when it cannot have been done in this state. Rules were judged when
  /// it was done: the world of that time is not known any more.
  mutating func take(_ line: OperatorLine) -> Bool {
    guard line.number == state.actCount + 1, line.time >= state.time.inMilliseconds,
      let next = try? state.applying(line.act, at: line.time)
    else { return false }
    state = next
    chain = line.chain
    return true
  }

  // MARK: The snapshot's bytes

  /// The books as a file: a header, a line for each order, record of write authority, share,
  /// waiver, approval, run and what became of its steps, and the hash of all that.
  var bytes: [UInt8] {
    var text =
      [
        "homeward-operators", chain, "\(state.actCount)", "\(state.revision)", state.time.text,
        state.switchedAt?.text ?? "-",
      ].joined(separator: "\t") + "\n"
    for order in state.overrides {
      text +=
        [
          "\(order.number)", order.kind.rawValue, order.scope.region, order.scope.place,
          order.since.text, order.until?.text ?? "-", order.warrant.author, order.warrant.ticket,
          order.warrant.reason,
        ].joined(separator: "\t") + "\n"
    }
    for record in state.authorities { text += record.fields.joined(separator: "\t") + "\n" }
    for fields in state.moreFields { text += fields.joined(separator: "\t") + "\n" }
    return Array((text + "\(SHA256.hash(Array(text.utf8)))\n").utf8)
  }

  /// Whether these books read back from their file as they are.
  var isReadable: Bool {
    let bytes = bytes
    return bytes.count <= Limits.operatorSnapshotByteCountMax && OperatorBooks(bytes) == self
  }

  /// Reads a file's bytes; nil for anything that `bytes` did not write.
  init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    guard lines.count >= 3, lines.removeLast() == [""], let digest = lines.popLast() else {
      return nil
    }
    let body = Array(bytes.prefix(bytes.count - 65))
    guard digest == ["\(SHA256.hash(body))"], lines[0].count == 6,
      let actCount = Chain.count(lines[0][2]), let revision = Chain.count(lines[0][3]),
      let time = WallTime(text: lines[0][4])
    else { return nil }
    chain = lines[0][1]
    state.actCount = actCount
    state.revision = revision
    state.time = time
    state.switchedAt = WallTime(text: lines[0][5])
    for fields in lines.dropFirst() {
      if fields.first == AuthorityRecord.mark {
        guard let record = AuthorityRecord(fields: fields) else { return nil }
        state.authorities.append(record)
        continue
      }
      if let isTaken = state.take(more: fields) {
        guard isTaken else { return nil }
        continue
      }
      guard fields.count == 9, let number = Chain.count(fields[0]),
        let kind = OverrideKind(rawValue: fields[1]),
        let scope = OverrideScope(fields[2], place: fields[3]),
        let since = WallTime(text: fields[4])
      else { return nil }
      state.overrides.append(
        Override(
          number: number, kind: kind, scope: scope,
          warrant: Warrant(author: fields[6], reason: fields[8], ticket: fields[7]), since: since,
          until: WallTime(text: fields[5])))
    }
    guard self.bytes == bytes else { return nil }
  }
}
