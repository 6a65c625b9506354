extension AuditText {
  /// An event for people.
  static func lines(_ record: EventRecord) -> [String] {
    var lines = ["\(timestamp(record.time)) \(record.kind.word)"]
    if record.subject != .empty { lines[0] += " \(record.subject.string)" }
    if record.kind == .expiry || record.kind == .shredding {
      lines[0] += record.isDone ? " done" : " begun"
    }
    if record.scope != .empty { lines[0] += " on \(record.scope.string)" }
    if record.author != .empty { lines.append("by \(record.author.string)") }
    if record.detail != .empty { lines.append(record.detail.string) }
    if record.bytesDropped > 0 { lines.append("\(record.bytesDropped) bytes dropped") }
    if let note = SignedNote(parsing: record.predecessor.string),
      let checkpoint = Checkpoint(text: note.text)
    {
      let relation = record.kind == .logOpen ? "follows" : "last checkpoint of"
      lines.append("\(relation) \(checkpoint.origin), \(checkpoint.size) entries")
    }
    if record.keepDays > 0 { lines.append("kept for \(record.keepDays) days after its month") }
    if record.kind == .heartbeat {
      let sums = record.counters
      lines.append(
        "decided \(sums.decided) = committed \(sums.committed) + refused \(sums.refused)"
          + " + lost \(sums.lost) + pending \(sums.pending); dropped \(sums.dropped)")
    }
    return lines
  }
}
