import Base
import Origins
import Testing

@Suite struct TopologyTests {
  @Test func groupsByRegionAndTier() throws {
    let topology = try demoTopology()
    let names = topology.endpoints(of: RegionID(0), tier: .replica).map { topology[$0].name }
    #expect(names == ["west-r1", "west-r2"])
    #expect(
      topology.endpoints(of: RegionID(2), tier: .primary).map { topology[$0].name } == [
        "central-p"
      ])
    #expect(topology.endpoints(of: RegionID(1), tier: .cache).isEmpty)
    #expect(topology.endpoints(of: RegionID(9), tier: .primary).isEmpty)
  }

  @Test func numbersRegionsThatOnlyHaveEndpointsBehindThePolicys() throws {
    let topology = try Topology.make(
      regionNames: [demoRegions[2], demoRegions[1]], definitions: demoDefinitions())
    #expect(topology.regionNames == [demoRegions[2], demoRegions[1], demoRegions[0]])
    let names = topology.endpoints(of: RegionID(2), tier: .replica).map { topology[$0].name }
    #expect(names == ["west-r1", "west-r2"])
    #expect(topology.endpoints.map(\.name) == demoDefinitions().map(\.name))
  }

  @Test func reportsAllFaultsInOnePass() {
    var definitions = demoDefinitions()
    definitions[3].tier = .primary
    definitions[4].tier = .primary
    definitions[5].name = definitions[6].name
    definitions[6].host = definitions[1].host
    definitions[1].port = 0
    definitions[6].port = 0
    definitions[2].weight = 0
    let error = #expect(throws: TopologyFaults.self) {
      try Topology.make(regionNames: demoRegions + ["north"], definitions: definitions)
    }
    let faults = error?.faults ?? []
    #expect(
      Set(faults) == [
        .twoPrimaries(region: "east", first: "east-r1", second: "east-p"),
        .duplicateName("central-p"),
        .duplicateAddress(first: "west-r2", second: "central-p"),
        .outOfRange(endpoint: "west-r2", field: "port"),
        .outOfRange(endpoint: "central-p", field: "port"),
        .outOfRange(endpoint: "west-p", field: "weight"),
        .regionWithoutEndpoint("north"),
      ])
    #expect(faults.allSatisfy { !$0.description.isEmpty })
  }

  /// A change of one part of the identity, and whether connections survive it.
  enum Change: CaseIterable {
    case nothing, name, weight, address, port, security, profile, version
  }

  @Test(arguments: Change.allCases)
  func keepsConnectionsOfTheSameIdentityOnly(_ change: Change) throws {
    var definitions = demoDefinitions()
    definitions[0].security = .tls(serverName: "west.example", profile: "internal")
    let old = try Topology.make(regionNames: demoRegions, definitions: definitions)
    var keeps = false
    switch change {
    case .nothing: keeps = true
    case .name: (definitions[0].name, keeps) = ("renamed", true)
    case .weight: (definitions[0].weight, keeps) = (7, true)
    case .address: definitions[0].host = "127.9.9.9"
    case .port: definitions[0].port = 9999
    case .security: definitions[0].security = .cleartext
    case .profile: definitions[0].security = .tls(serverName: "west.example", profile: "other")
    case .version: definitions[0].protocol = .http2
    }
    definitions.reverse()
    let new = try Topology.make(regionNames: demoRegions, definitions: definitions)
    let kept = new.connectionsKept(from: old)
    #expect(kept.last == .some(keeps ? EndpointID(0) : nil))
    #expect(kept.dropLast().allSatisfy { $0 != nil })
  }
}
