import Base
import Origins
import Testing

@testable import homeward

@Suite struct RegionCommandTests {
  @Test(
    arguments: [
      ("1s", 1_000), ("90s", 90_000), ("30m", 1_800_000), ("4h", 14_400_000), ("2d", 172_800_000),
      ("0s", nil), ("", nil), ("m", nil), ("30", nil), ("30 m", nil), ("-1m", nil), ("1.5h", nil),
      ("1w", nil), ("99999999999d", nil),
    ] as [(String, UInt64?)])
  func readsHowLong(_ text: String, _ milliseconds: UInt64?) {
    #expect(RegionOrderOptions.milliseconds(text) == milliseconds)
  }

  private static func report() throws -> RegionReport {
    let topology = try Topology.make(
      regionNames: ["west", "east"],
      definitions: [
        EndpointDefinition(
          name: "west-1", regionName: "west", tier: .primary, host: "127.0.0.1", port: 1),
        EndpointDefinition(
          name: "east-1", regionName: "east", tier: .replica, host: "127.0.0.1", port: 2),
      ])
    var primary = EndpointStatus(at: Instant(nanoseconds: 0))
    primary.reach = .healthy
    primary.role = .primary(epoch: 1)
    primary.freshness = .fresh
    primary.reportedLagMilliseconds = 0
    var replica = EndpointStatus(at: Instant(nanoseconds: 0))
    replica.reach = .down
    replica.homeLagsMilliseconds = [40, nil]
    return RegionReport(
      HealthSnapshot(
        number: 1, topology: topology, statuses: [primary, replica], epochs: [1, nil],
        sampleAgeMillisecondsMax: 1_000), at: WallTime(microseconds: 7))
  }

  @Test func aReportSurvivesItsFile() throws {
    let report = try Self.report()
    #expect(report.servers.map(\.isFit) == [true, false])
    #expect(report.servers.map(\.isDown) == [false, true])
    #expect(report.servers.map(\.lag) == [0, nil])
    #expect(report.servers.map(\.copies) == [[], ["west"]])
    let again = try #require(RegionReport(report.bytes))
    #expect(again.servers == report.servers)
    #expect(again.time == report.time && again.process == report.process)
  }

  @Test func whatIsNoReportIsNone() throws {
    let bytes = try Self.report().bytes
    #expect(RegionReport([]) == nil)
    #expect(RegionReport(Array("homeward-edge\tx\t1\n".utf8)) == nil)
    #expect(RegionReport(Array(bytes.dropLast(9))) == nil)
    #expect(RegionReport(Array(bytes.dropFirst())) == nil)
  }
}
