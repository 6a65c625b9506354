import Base
import StrictYAML

/// Why a request in text cannot be read.
public struct RequestTextFault: Error, Equatable, CustomStringConvertible {
  /// Where, from 1, in bytes.
  public let column: Int
  /// One sentence, lower case, without a full stop.
  public let message: String
  /// The word that was probably meant.
  public var suggestion: String?

  /// What stands in place of the decision about line `line`, as one JSON object on a line.
  public func json(line: Int) -> String {
    var object = JSONLine()
    object.add("error", text: description)
    object.add("line", number: line)
    object.add("column", number: column)
    return object.text
  }

  /// The sentence with the suggestion.
  public var description: String {
    message + (suggestion.map { "; did you mean `\($0)`?" } ?? "")
  }
}

/// A request as one JSON object: the facts under their keys, in the words of the policy file.
///
/// `{"operation":"read","data_class":"vitals","home":"us-west","directory_age":"90s","hour":9}`.
/// What is absent is unknown; without `time`, it is `Policy.defaultTime`.
public enum RequestText {
  /// The facts that `line` states in the words of `policy`.
  public static func facts(
    _ line: some StringProtocol, for policy: Policy
  ) throws(RequestTextFault) -> Facts {
    var facts = Facts()
    facts.time = policy.defaultTime
    let vocabulary = FactText(regions: policy.regions.map(\.name), tenants: policy.tenants)
    for member in try FlatJSON.members(line) {
      let text: String
      var isNumber = false
      switch member.value {
      case .text(let value): text = value
      case .boolean(let value): text = String(value)
      case .number(let value):
        text = String(value)
        isNumber = true
      }
      do throws(FactFault) {
        try vocabulary.set(member.key, to: text, isNumber: isNumber, in: &facts)
      } catch {
        throw RequestTextFault(
          column: member.column, message: error.message, suggestion: error.suggestion)
      }
    }
    return facts
  }

  /// The request with these facts, without what is unknown; one line.
  public static func json(_ facts: Facts, for policy: Policy) -> String {
    var object = JSONLine()
    for attribute in Attribute.allCases where attribute != .userInHomeRegion {
      let word = policy.interpreter.word(attribute, facts)
      switch attribute {
      case _ where word == "unknown": continue
      case .time where facts.time == policy.defaultTime: continue
      case .hour: object.add(attribute.key, number: Int(facts.hour ?? 0))
      case .breakGlass, .ownRecord: object.add(attribute.key, raw: word)
      default: object.add(attribute.key, text: word)
      }
    }
    return object.text
  }
}

/// Why a fact in text cannot be read.
struct FactFault: Error {
  let message: String
  var suggestion: String?
}

/// Reads facts one by one, in the words of a policy file.
struct FactText {
  let regions: [String]
  let tenants: [String]

  /// Sets the fact under `key`. With `isNumber`, the text was a number: seconds for an age.
  func set(
    _ key: String, to text: String, isNumber: Bool, in facts: inout Facts
  ) throws(FactFault) {
    guard let attribute = Attribute.allCases.first(where: { $0.key == key }) else {
      throw FactFault(
        message: "no fact is called `\(key)`",
        suggestion: Spelling.nearest(to: key, among: Attribute.allCases.map(\.key)))
    }
    if isNumber, !attribute.kind.isNumber {
      throw FactFault(message: "`\(key)` is text, not a number")
    }
    switch attribute {
    case .operation: facts.operation = try word(text, key)
    case .dataClass: facts.dataClass = try word(text, key)
    case .sensitivity: facts.sensitivity = try word(text, key)
    case .role: facts.role = try word(text, key)
    case .purpose: facts.purpose = try word(text, key)
    case .consent: facts.consent = try word(text, key)
    case .assurance: facts.assurance = try word(text, key)
    case .device: facts.device = try word(text, key)
    case .scope: facts.scope = try word(text, key)
    case .breakGlass: facts.breakGlass = try answer(text, key)
    case .ownRecord: facts.ownRecord = try answer(text, key)
    case .home: facts.home = try region(text)
    case .residency: facts.residency = try place(text)
    case .location: facts.location = try place(text)
    case .tenant: facts.tenant = try tenant(text)
    case .directoryAge: facts.directoryAgeSeconds = try age(text, key, isNumber)
    case .authenticationAge: facts.authenticationAgeSeconds = try age(text, key, isNumber)
    case .hour: facts.hour = try hour(text)
    case .time:
      guard let time = parseTimestamp(text) else {
        throw FactFault(message: "`time` must be a time such as `2026-12-01T00:00:00Z`, in UTC")
      }
      facts.time = time
    case .userInHomeRegion:
      throw FactFault(message: "`\(key)` is worked out from `location` and `home`")
    }
  }

  private func word<Word: CaseIterable & RawRepresentable<String>>(
    _ text: String, _ key: String
  ) throws(FactFault) -> Word {
    if let word = Word(rawValue: text) { return word }
    throw FactFault(
      message: "unknown word `\(text)` for `\(key)`",
      suggestion: Spelling.nearest(to: text, among: Word.allCases.map(\.rawValue)))
  }

  private func answer(_ text: String, _ key: String) throws(FactFault) -> Bool? {
    switch text {
    case "true": return true
    case "false": return false
    case "unknown": return nil
    default: throw FactFault(message: "`\(key)` must be `true`, `false` or `unknown`")
    }
  }

  private func region(_ text: String) throws(FactFault) -> RegionID? {
    if text == "unknown" { return nil }
    if let index = regions.firstIndex(of: text) { return RegionID(UInt8(index)) }
    throw FactFault(
      message: "no region is called `\(text)`",
      suggestion: Spelling.nearest(to: text, among: regions + ["unknown"]))
  }

  private func place(_ text: String) throws(FactFault) -> Place {
    if text == "unknown" { return .unknown }
    if let place = Geography.place(text) { return place }
    throw FactFault(
      message: "`\(text)` is no place; write an ISO 3166 code such as `US` or `US-AZ`",
      suggestion: Geography.suggestion(for: text))
  }

  private func tenant(_ text: String) throws(FactFault) -> Tenant {
    if text == "unknown" { return .unknown }
    if text == "other" { return .other }
    if let index = tenants.firstIndex(of: text) { return .named(UInt8(index)) }
    throw FactFault(
      message: "`tenants` does not name `\(text)`; write `other` for one that is not declared",
      suggestion: Spelling.nearest(to: text, among: tenants))
  }

  /// Seconds, or a whole number with a unit; nil for `unknown`.
  private func age(
    _ text: String, _ key: String, _ isNumber: Bool
  ) throws(FactFault) -> UInt32? {
    if text == "unknown" { return nil }
    let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let factor = isNumber ? 1 : text.last.flatMap { units[$0] }
    let digits = isNumber ? text[...] : text.dropLast()
    guard let factor, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      digits == "0" || !digits.hasPrefix("0"), let count = UInt64(digits)
    else {
      throw FactFault(
        message: "`\(key)` must be a whole number and one of `s`, `m`, `h`, `d`, or `unknown`")
    }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: factor)
    // More than the range counts as its end, for facts as for the edge.
    return overflow ? .max : UInt32(clamping: seconds)
  }

  private func hour(_ text: String) throws(FactFault) -> UInt8? {
    if text == "unknown" { return nil }
    if let hour = UInt8(text), hour < 24, String(hour) == text { return hour }
    throw FactFault(message: "`hour` must be from 0 to 23, or `unknown`")
  }
}
