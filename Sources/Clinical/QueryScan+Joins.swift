import Base

/// Resources that a search brings along with its matches.
extension QueryScan {
  /// `_include=Source:parameter[:Target]`: harmless when it can only add shared resources.
  mutating func include(_ value: Range<Int>, isIterated: Bool) {
    forEachElement(value) { scan, range in
      let text = scan.decoded(range, half: 1)
      if let text, scan.isHarmlessJoin(text, isIterated: isIterated) { return }
      scan.isJoined = true
      scan.note(.joined)
    }
  }

  /// `_revinclude=Source:parameter[:Target]`: harmless when the source belongs to nobody. What
  /// refers to what came along (`:iterate`), or to the patient in another way than by being his,
  /// may be anybody's.
  mutating func reverseInclude(_ value: Range<Int>, isIterated: Bool) {
    forEachElement(value) { scan, range in
      let text = scan.decoded(range, half: 1)
      if let text, scan.addsSharedType(text) { return }
      scan.isJoined = true
      scan.note(.joined)
      let isTied = text.map { scan.type != .patient || scan.isOfPatient($0) } ?? false
      if isIterated || !isTied { scan.patients.isOpen = true }
    }
  }

  /// Whether a backward join adds a type whose resources belong to nobody.
  private func addsSharedType(_ text: ByteView) -> Bool {
    guard let source = tables.type(text[0..<text.index(of: 0x3A)]) else { return false }
    return source != .unknown && !source.row.concernsPatient
  }

  /// Whether the parameter of a backward join says whose the resource is.
  private func isOfPatient(_ text: ByteView) -> Bool {
    let first = text.index(of: 0x3A)
    guard first < text.count, let source = tables.type(text[0..<first]) else { return false }
    let name = text[(first + 1)..<text.index(of: 0x3A, from: first + 1)]
    guard
      let way = tables.parameters[name].flatMap(ParameterKind.init(rawValue:))?.patientParameter
    else { return false }
    return source.patientParameters(in: tables.release).contains(way)
  }

  /// Whether a forward join, from the matches or from what came along, adds nothing that belongs to
  /// a patient.
  private func isHarmlessJoin(_ text: ByteView, isIterated: Bool) -> Bool {
    let first = text.index(of: 0x3A)
    guard first < text.count else { return false }
    let second = text.index(of: 0x3A, from: first + 1)
    guard let source = tables.type(text[0..<first]), isIterated || source == type else {
      return false
    }
    if second < text.count {
      guard let target = tables.type(text[(second + 1)..<text.count]) else { return false }
      return target.row.dataClass == .reference
    }
    return tables.harmlessJoins[text] != nil
  }
}
