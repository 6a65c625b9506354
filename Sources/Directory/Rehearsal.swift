extension PatientDirectory {
  /// Applies changes to this directory, one after the other, when each of them makes sense there;
  /// otherwise every mistake, by line and column, and nothing may be written of any of them.
  ///
  /// For who writes a delta log: an edge takes any signed change, and a typing error that changes
  /// nobody must be seen before it is signed. Homes are numbered as in `homeNames`.
  public func rehearse(_ lines: [ChangeLine], file: String) throws(DirectoryErrors) {
    var errors: [DirectoryError] = []
    for line in lines {
      if let (column, message) = objection(to: line) {
        errors.append(
          DirectoryError(file: file, line: line.line, column: column, message: message))
        if errors.count >= DirectoryLimits.errorsMax { break }
      }
      apply(CollectionOfOne(line.change), homeNames: homeNames)
    }
    guard errors.isEmpty else { throw DirectoryErrors(errors: errors) }
  }

  /// What speaks against a change as things are now.
  private func objection(to line: ChangeLine) -> (column: Int, message: String)? {
    switch line.change {
    case .upsert: return nil
    case .remove(let key), .consent(let key, _):
      guard resolve(key) == nil else { return nil }
      return (line.columns.patient, "this patient is not in the directory")
    case .merge(let key, let survivor):
      guard let old = resolve(key) else {
        return (line.columns.patient, "this patient is not in the directory")
      }
      guard let present = resolve(survivor) else {
        return (line.columns.mergedInto, "this patient is not in the directory")
      }
      guard old.key != present.key else {
        return (line.columns.mergedInto, "both ids are one person's already")
      }
      return nil
    }
  }
}
