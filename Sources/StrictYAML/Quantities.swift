/// Units of time that a file may use, with their milliseconds.
private let timeUnits: [(name: String, factor: Int)] = [
  ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
]

/// Units of long times that a file may use, with their seconds.
private let longTimeUnits: [(name: String, factor: Int)] = [
  ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
]

/// Units of size that a file may use, with their bytes.
private let sizeUnits: [(name: String, factor: Int)] = [
  ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
]

/// Writes `milliseconds` in the largest unit that keeps it whole: `250ms`, `5s`, `2m`.
public func durationText(milliseconds: Int) -> String { quantity(milliseconds, timeUnits) }

/// Writes `seconds` in the largest unit that keeps it whole: `90s`, `5m`, `2d`.
public func secondsText(_ seconds: Int) -> String { quantity(seconds, longTimeUnits) }

/// Writes `byteCount` in the largest unit that keeps it whole: `64KiB`, `1MiB`.
public func byteSizeText(_ byteCount: Int) -> String { quantity(byteCount, sizeUnits) }

private func quantity(_ value: Int, _ units: [(name: String, factor: Int)]) -> String {
  let unit = units.last { value != 0 && value % $0.factor == 0 } ?? units[0]
  return "\(value / unit.factor)\(unit.name)"
}

extension Diagnostics {
  /// A whole number without quotes, within `range`; nil after a complaint.
  public func integer(_ scalar: Node.Scalar, _ name: String, in range: ClosedRange<Int>) -> Int? {
    guard scalar.isPlain, isDecimal(scalar.text), let value = Int(scalar.text) else {
      error(
        .kind, at: scalar.mark,
        "`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound),"
          + " without quotes or unit")
      return nil
    }
    guard range.contains(value) else {
      error(
        .range, at: scalar.mark,
        "`\(name)` must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
      return nil
    }
    return value
  }

  /// `true` or `false` without quotes; nil after a complaint.
  public func boolean(_ scalar: Node.Scalar, _ name: String) -> Bool? {
    if scalar.isPlain, let value = Bool(scalar.text) { return value }
    error(.kind, at: scalar.mark, "`\(name)` must be `true` or `false`, without quotes")
    return nil
  }

  /// Text that nobody could take for a number or a boolean; nil after a complaint.
  public func string(_ scalar: Node.Scalar, _ name: String) -> String? {
    if scalar.isPlain, looksLikeNumber(scalar.text) || Bool(scalar.text) != nil {
      error(
        .kind, at: scalar.mark,
        "`\(name)` is text; put `\(scalar.text)` in quotes if it is meant literally")
      return nil
    }
    return scalar.text
  }

  /// Milliseconds of `250ms`, `5s`, `2m` or `1h`, within `range`; nil after a complaint.
  public func duration(
    _ scalar: Node.Scalar, _ name: String, milliseconds range: ClosedRange<Int>
  ) -> Int? {
    measured(scalar, name, timeUnits, range, kind: "a duration", example: "5s")
  }

  /// Seconds of `90s`, `5m`, `2h` or `30d`, within `range`; nil after a complaint.
  public func seconds(
    _ scalar: Node.Scalar, _ name: String, in range: ClosedRange<Int>
  ) -> Int? {
    measured(scalar, name, longTimeUnits, range, kind: "a duration", example: "10m")
  }

  /// Bytes of `512B`, `64KiB`, `1MiB` or `2GiB`, within `range`; nil after a complaint.
  public func byteSize(
    _ scalar: Node.Scalar, _ name: String, in range: ClosedRange<Int>
  ) -> Int? {
    measured(scalar, name, sizeUnits, range, kind: "a size", example: "64KiB")
  }

  /// A whole number with one of `units` directly behind it.
  private func measured(
    _ scalar: Node.Scalar, _ name: String, _ units: [(name: String, factor: Int)],
    _ range: ClosedRange<Int>, kind: String, example: String
  ) -> Int? {
    let digits = scalar.text.prefix { $0.isASCII && $0.isNumber }
    let unitName = scalar.text.dropFirst(digits.count)
    let accepted = units.map { "`\($0.name)`" }.joined(separator: ", ")
    guard isDecimal(String(digits)), let count = Int(digits) else {
      error(
        .kind, at: scalar.mark,
        "`\(name)` must be \(kind) such as `\(example)`: a whole number and one of \(accepted)")
      return nil
    }
    guard let unit = units.first(where: { $0.name == unitName }) else {
      let fault = unitName.isEmpty ? "has no unit" : "has the unknown unit `\(unitName)`"
      error(
        .unit, at: scalar.mark,
        "`\(name)` \(fault); write \(kind) such as `\(example)` with one of \(accepted)")
      return nil
    }
    let (value, overflow) = count.multipliedReportingOverflow(by: unit.factor)
    guard !overflow, range.contains(value) else {
      error(
        .range, at: scalar.mark,
        "`\(name)` must be from \(quantity(range.lowerBound, units))"
          + " to \(quantity(range.upperBound, units)), not \(scalar.text)")
      return nil
    }
    return value
  }
}

/// Whether `text` is digits only, without leading zeros (which other readers take for octal).
private func isDecimal(_ text: String) -> Bool {
  guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
  return text == "0" || !text.hasPrefix("0")
}

/// Whether a YAML reader might take `text` for a number: `12`, `-1`, `1.5`, `0x1F`, `1e3`, `.inf`.
private func looksLikeNumber(_ text: String) -> Bool {
  let bare = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
  if [".inf", ".nan"].contains(bare.lowercased()) { return true }
  guard let first = bare.utf8.first, (0x30...0x39).contains(first) || first == 0x2E else {
    return false
  }
  return Double(bare.filter { $0 != "_" }) != nil || bare.hasPrefix("0x") || bare.hasPrefix("0o")
}
