extension BodySink {
  /// A reference, or in a patch any text.
  mutating func reference(_ text: JSONText, isSubject: Bool) {
    guard text.isWhole else { return open(.body, isSubject) }
    let local = tables.local(text.bytes)
    if local.starts(with: "Patient/") {
      let end = local.index(of: 0x2F, from: 8)
      let rest = local[end..<local.count]
      guard let patient = PatientText(local[8..<end]),
        rest.isEmpty || rest.starts(with: "/_history/")
      else {
        if member == .reference { refuse(.malformedID) } else { open(.body, isSubject) }
        return
      }
      let bit = patients.bit(of: patient)
      facts.mentions |= bit
      if isSubject { facts.subjects |= bit }
    } else if local.starts(with: "Patient?") {
      open(.identifierSearch, isSubject)
    } else if isSubject {
      subject(local)
    } else if mentionsPatient(local) {
      open(.absoluteReference, isSubject)
    }
  }

  /// A subject that is not `Patient/id` of this server.
  private mutating func subject(_ text: ByteView) {
    if text.starts(with: "urn:uuid:"), use == .bundle {
      if entries.addSubject(text) { facts.hasNewSubject = true } else { open(.body, true) }
    } else if text.index(of: 0x3A) < text.count {
      open(.absoluteReference, true)
    } else {
      // A contained patient, a group, a device.
      open(.noPatient, true)
    }
  }

  /// Notes why a reference cannot be told.
  private mutating func open(_ reason: Ambiguity, _ isSubject: Bool) {
    if isSubject { facts.openSubject = reason } else { facts.openMention = reason }
  }

  /// Whether the text is a URL that holds `/Patient/`.
  private func mentionsPatient(_ text: ByteView) -> Bool {
    guard text.index(of: 0x3A) < text.count, text.count > 9 else { return false }
    for start in 0...(text.count - 9) where text[start] == 0x2F {
      if text[start..<(start + 9)].equals("/Patient/") { return true }
    }
    return false
  }
}
