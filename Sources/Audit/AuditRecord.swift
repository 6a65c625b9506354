/// A record that can write itself as fields.
protocol EncodableRecord {
  /// What it tells.
  var kind: RecordKind { get }
  /// Bytes that its fields need at most.
  var byteCountMax: Int { get }
  /// Writes the fields.
  func encode(to writer: inout RecordWriter)
}

/// Any record, as it was read back.
public enum AuditRecord: Equatable, Sendable {
  /// A request was judged.
  case decision(DecisionRecord)
  /// A decided request came to its end.
  case outcome(OutcomeRecord)
  /// Something happened to the edge or its log.
  case event(EventRecord)

  /// Reads one entry. Fields that this version does not know are passed over; `opened` are the
  /// private fields as `LogKeys.open` gave them.
  public init(
    decoding entry: UnsafeRawBufferPointer, opened: [UInt8] = []
  ) throws(RecordFault) {
    var reader = try unsafe RecordReader(entry)
    switch reader.kind {
    case .decision: self = .decision(try DecisionRecord(&reader, opened: opened))
    case .outcome: self = .outcome(try OutcomeRecord(&reader))
    default: self = .event(try EventRecord(&reader))
    }
  }
}
