import Base
import HTTP
import Testing

@testable import Cache

/// A record that comes where a file was asked for is kept for nobody.
@Suite struct MisplacedTests {
  private static let records = [
    "application/fhir+json", "APPLICATION/FHIR+JSON; charset=utf-8", "application/fhir+xml",
    "application/fhir+ndjson", "application/json+fhir", "application/xml+fhir",
    "application/fhir+turtle",
  ]

  private func bench() throws -> (StoreBench, Ruling) {
    let bench = try StoreBench(publicRules { $0.dataClasses = [.asset, .reference] })
    return (bench, bench.ruling { $0.dataClass = .asset })
  }

  @Test(arguments: records)
  func recordsAreNoFiles(type: String) throws {
    let (bench, asset) = try bench()
    #expect(try bench.fill(request(), asset, ["Content-Type: \(type)"]) == .mediaType)
    #expect(try bench.outcome(request(), asset) == "fill")
    // Where records are asked for, they are kept.
    #expect(try bench.fill(request(), bench.ruling(), ["Content-Type: \(type)"]) == nil)
  }

  @Test(arguments: ["text/css", "application/json", "application/fhir+jsonx", "", "image/png"])
  func filesAre(type: String) throws {
    let (bench, asset) = try bench()
    #expect(try bench.fill(request(), asset, ["Content-Type: \(type)"]) == nil)
  }

  @Test(arguments: records)
  func aFileDoesNotBecomeARecord(type: String) throws {
    let (bench, asset) = try bench()
    try bench.fill(request(), asset, ["Cache-Control: max-age=60", "ETag: \"a\""])
    bench.now = second(200)
    var permit = try bench.permit(request(), asset)
    permit.depart(request(), at: bench.now)
    let update = response(304, ["ETag: \"a\"", "Content-Type: \(type)"])
    guard
      case .askAgain = permit.validated(by: update, from: bench.west, at: bench.now, wall: noon)
    else {
      Issue.record("a record took a file's place")
      return
    }
    #expect(try bench.outcome(request(), asset) == "fill")
  }
}
