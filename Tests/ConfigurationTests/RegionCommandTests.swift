import Base
import Reactor
import Testing

@testable import homeward

@Suite struct RegionCommandTests {
  @Test(
    arguments: [
      ("1s", 1), ("90s", 90), ("30m", 1_800), ("4h", 14_400), ("2d", 172_800),
      ("0s", nil), ("", nil), ("m", nil), ("30", nil), ("30 m", nil), ("-1m", nil), ("1.5h", nil),
      ("1w", nil), ("99999999999d", nil),
    ] as [(String, Int?)])
  func readsHowLong(_ text: String, _ seconds: Int?) {
    #expect(orderSeconds(text) == seconds)
  }

  @Test(
    arguments: [
      ("https://127.0.0.1:8444", "127.0.0.1:8444"), ("https://localhost:1/", "127.0.0.1:1"),
      ("https://[::1]:8444", "[::1]:8444"), ("http://127.0.0.1:8444", nil),
      ("https://127.0.0.1", nil), ("https://edge.example:8444", nil),
      ("https://127.0.0.1:8444/v1", nil), ("127.0.0.1:8444", nil),
    ] as [(String, String?)])
  func readsWhere(_ url: String, _ address: String?) {
    #expect(SocketAddress(url: url)?.description == address)
  }

  @Test func textsStandInTargets() {
    #expect(percentEncoded("a-Z_0.~") == "a-Z_0.~")
    #expect(percentEncoded("a b&c=ü/?#%+\n") == "a%20b%26c%3D%C3%BC%2F%3F%23%25%2B%0A")
  }

  /// A server as the edge tells of it.
  private func server(_ name: String, _ members: [(String, JSONValue)]) -> JSONValue {
    let usual: [(String, JSONValue)] = [
      ("name", .text(name)), ("tier", .text("replica")), ("reach", .text("healthy")),
      ("reach_seconds", .number(7)), ("role", .text("replica")), ("freshness", .text("fresh")),
      ("lag_milliseconds", .number(12)), ("failure", .null),
      ("requests_per_second", .fraction(12.5)), ("under_way", .number(3)),
      ("failures", .number(0)), ("state", .text("auto")), ("out_by", .null),
    ]
    return .object(usual.filter { one in !members.contains { $0.0 == one.0 } } + members)
  }

  @Test func statusSaysWhyAndFits() {
    let order = JSONValue.object([
      ("id", .text("O-3")), ("kind", .text("drain")), ("region", .text("us-central")),
      ("tier", .text("replica")), ("author", .text("ana")), ("reason", .text("kernel update")),
      ("ticket", .text("T-1")), ("until", .text("2026-12-01T00:00:00.000Z")),
    ])
    let text = RegionStatus(
      .object([
        ("revision", .number(4)), ("edge", .text("2026-12-01T00:00:00.000Z")),
        ("process", .number(71)), ("warning", .null), ("orders", .list([order])),
        (
          "regions",
          .list([
            .object([
              ("name", .text("us-central")),
              (
                "servers",
                .list([
                  server("us-central-1", []),
                  server(
                    "us-central-2",
                    [
                      ("reach", .text("down")), ("failure", .text("probe: timeout")),
                      ("lag_milliseconds", .null), ("requests_per_second", .fraction(4321.5)),
                    ]),
                  server(
                    "a-server-with-a-very-long-name",
                    [
                      ("out_by", .text("O-3")), ("state", .text("drain, force-in, freeze")),
                      ("role", .text("conflict")), ("freshness", .text("unmeasured")),
                    ]),
                ])
              ),
            ])
          ])
        ),
      ])
    ).text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect((lines.map(\.count).max() ?? 99) <= 80, "\(text)")
    #expect(lines[1] == "us-central")
    #expect(
      lines[2].split(separator: " ")
        == ["us-central-1", "replica", "healthy", "12", "ms", "12.5", "3", "0", "auto"])
    #expect(lines[3].contains("?") && lines[3].contains("4321  "))
    #expect(lines.contains("us-central-2: down for 7 s (probe: timeout)"))
    #expect(text.contains("unmeasured; says its role is conflict; kept out"))
    #expect(text.contains("O-3: drain us-central/replica until 2026-12-01T00:00:00.000Z"))
    #expect(text.contains("    by ana  ticket T-1\n    kernel update\n"))
    #expect(lines.contains("revision 4; seen at 2026-12-01T00:00:00.000Z by process 71"))
  }

  /// The column of loads is there when a server reports one, and takes its room from others.
  @Test func statusShowsLoadsAndFits() {
    let servers = [
      server(
        "us-central-r1",
        [
          ("load", .fraction(0.96)), ("saturated", .boolean(true)),
          ("reach", .text("suppressed")), ("lag_milliseconds", .number(9_999)),
          ("requests_per_second", .fraction(43210)), ("under_way", .number(1234)),
          ("failures", .number(1234)), ("state", .text("drain, force-in")),
        ]),
      server("a-server-with-a-long-name", [("load", .number(1))]),
      server("us-central-3", [("load", .null), ("lag_milliseconds", .number(123_456))]),
    ]
    let region = JSONValue.object([("name", .text("us-central")), ("servers", .list(servers))])
    let text = RegionStatus(.object([("regions", .list([region]))])).text
    let lines = text.split(separator: "\n").map(String.init)
    #expect((lines.map(\.count).max() ?? 99) <= 80, "\(text)")
    #expect(lines[0].split(separator: " ")[4] == "LOAD")
    #expect(lines[2].contains("us-central-r1 ") && lines[2].contains(" 96% "))
    #expect(lines[3].contains(" 100% "))
    #expect(lines[4].contains("123 s") && lines[4].contains(" - "))
    #expect(text.contains("us-central-r1: suppressed for 7 s; saturated, by its own report"))
  }

  @Test func theDescriptionIsShipped() throws {
    let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let shipped = try FileSystem.read("/\(here)/deploy/openapi.json")
    #expect(shipped == AdminRoutes.description, "write it anew: homeward admin openapi")
  }
}
