import Base
import Policy

#if canImport(Glibc)
  import Glibc
#endif

/// The shipped policy's text, found from this file's own place in the package.
func shippedPolicyText() -> String? {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return readText("/\(root)/policies/clinical-routing/0001.yaml")
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
func randomFacts(regionCount: Int, _ random: inout SplitMix64) -> Facts {
  let home = Int.random(in: 0...regionCount, using: &random)
  return Facts(
    operation: anyWord(Operation.self, &random), dataClass: anyWord(DataClass.self, &random),
    sensitivity: anyWord(Sensitivity.self, &random),
    home: home < regionCount ? RegionID(UInt8(home)) : nil, residency: anyPlace(&random),
    location: anyPlace(&random), role: anyWord(Role.self, &random),
    purpose: anyWord(Purpose.self, &random), consent: anyWord(Consent.self, &random),
    breakGlass: [true, false, nil][Int.random(in: 0..<3, using: &random)])
}
