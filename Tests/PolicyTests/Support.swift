import Base
import Policy

#if canImport(Glibc)
  import Glibc
#endif

/// The shipped policy's text, found from this file's own place in the package.
func shippedPolicyText() -> String? {
  repositoryText("policies/clinical-routing/0002.yaml")
}

/// The text of a file of this repository, or nil.
func repositoryText(_ path: String) -> String? {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return readText("/\(root)/\(path)")
}

/// The text of a file, or nil.
private func readText(_ path: String) -> String? {
  guard let file = unsafe fopen(path, "r") else { return nil }
  defer { unsafe fclose(file) }
  var bytes: [UInt8] = []
  var byte = unsafe fgetc(file)
  while byte != EOF {
    bytes.append(UInt8(truncatingIfNeeded: byte))
    byte = unsafe fgetc(file)
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// Places that policies name, contain, or have never heard of.
let somePlaces = [
  "US", "US-CA", "US-TX", "US-AZ", "US-NY", "US-WA", "US-PR", "GB", "GB-ENG", "SE", "CA", "CA-QC",
]

/// Any word of a vocabulary.
func anyWord<Word: CaseIterable>(_: Word.Type, _ random: inout SplitMix64) -> Word
where Word.AllCases == [Word] {
  Word.allCases[Int.random(in: 0..<Word.allCases.count, using: &random)]
}

/// A place, one time in five unknown.
func anyPlace(_ random: inout SplitMix64) -> Place {
  guard Int.random(in: 0..<5, using: &random) > 0 else { return .unknown }
  return Place(somePlaces[Int.random(in: 0..<somePlaces.count, using: &random)]) ?? .unknown
}

/// Facts of a request that could come, for a policy with this many regions.
func randomFacts(
  regionCount: Int, tenantCount: Int = 0, _ random: inout SplitMix64
) -> Facts {
  let home = Int.random(in: 0...regionCount, using: &random)
  var facts = Facts(
    operation: anyWord(Operation.self, &random), dataClass: anyWord(DataClass.self, &random),
    sensitivity: anyWord(Sensitivity.self, &random),
    home: home < regionCount ? RegionID(UInt8(home)) : nil, residency: anyPlace(&random),
    location: anyPlace(&random), role: anyWord(Role.self, &random),
    purpose: anyWord(Purpose.self, &random), consent: anyWord(Consent.self, &random),
    breakGlass: anyAnswer(&random))
  facts.assurance = anyWord(Assurance.self, &random)
  facts.device = anyWord(Device.self, &random)
  facts.ownRecord = anyAnswer(&random)
  facts.scope = anyWord(TokenScope.self, &random)
  switch Int.random(in: 0..<tenantCount + 2, using: &random) {
  case tenantCount: facts.tenant = .other
  case tenantCount + 1: facts.tenant = .unknown
  case let index: facts.tenant = .named(UInt8(index))
  }
  // At the thresholds that policies like to use, and one second before.
  let ages: [UInt32?] = [
    nil, 0, 1, 299, 300, 599, 600, 3599, 3600, 86_399, 86_400, 2_592_000, .max,
  ]
  facts.directoryAgeSeconds = any(of: ages, &random)
  facts.authenticationAgeSeconds = any(of: ages, &random)
  facts.hour = any(of: [nil, 0, 6, 7, 11, 12, 18, 19, 23], &random)
  let times: [UInt64] = [
    0, 1_772_323_199, 1_772_323_200, 1_780_271_999, 1_780_272_000, 1_798_804_799, 1_798_804_800,
  ]
  facts.time = WallTime(microseconds: any(of: times, &random) * 1_000_000)
  return facts
}

/// Any of these.
func any<Value>(of values: [Value], _ random: inout SplitMix64) -> Value {
  values[Int.random(in: values.indices, using: &random)]
}

/// An answer to a yes-or-no question, or none.
private func anyAnswer(_ random: inout SplitMix64) -> Bool? {
  any(of: [true, false, nil], &random)
}
