import Base
import Control
import Origins
import Testing

@testable import Simulation

/// A world without chance faults, whose story a test tells: it has run for a second, and everybody
/// is well.
struct Scenario {
  let world: World
  let operators: Operators

  /// A world with so many edges; with `isMovable` every domain's writes have a record.
  init(edges: Int = 1, isMovable: Bool = false, keyPercent: Int = 0, seed: UInt64 = 1) {
    var options = Options(seed: seed)
    options.isMovable = isMovable
    options.edgeCount = edges
    options.hasFaults = false
    options.keyPercent = keyPercent
    options.keepsTrace = true
    world = World(options)
    operators = Operators(world)
    if isMovable {
      pass(300)
      for (domain, name) in Law.regionNames.enumerated() {
        let holder = world.servers[world.databases.sources[domain]].endpoint.name
        #expect(operators.change(name, .claim(endpoint: holder, epoch: 1)))
      }
    }
    pass(1_000)
  }

  /// Begins to move the write authority over the west's data.
  func move(to name: String, isGraceful: Bool = true, diesAfter: Int? = nil) {
    Coordinator(
      world, domain: 0, candidate: self[name].index, isGraceful: isGraceful, diesAfter: diesAfter
    ).step()
  }

  /// Who holds the writes of the west's data, by the store.
  var holder: String? { world.authorityInStore("west")?.endpoint }

  /// Numbers of the writes that a server has of the west's data.
  func writes(at name: String) -> [Int] {
    world.databases.copy(of: 0, at: self[name].index).log.map(\.number)
  }

  /// Lets time pass, milliseconds; no rule may be broken meanwhile.
  func pass(_ milliseconds: UInt64, _ location: SourceLocation = #_sourceLocation) {
    world.run(untilMilliseconds: world.elapsedMilliseconds + milliseconds)
    #expect(world.checker.violation == nil, sourceLocation: location)
  }

  /// Lets time pass until a request is over, two minutes at most; how long it took, milliseconds.
  @discardableResult
  func await(_ request: ClientRequest) -> UInt64 {
    let start = world.elapsedMilliseconds
    while !request.isOver, world.elapsedMilliseconds < start + 120_000 { pass(1) }
    return world.elapsedMilliseconds - start
  }

  /// Sends a request about the first patient of the west, and waits for its answer.
  @discardableResult
  func ask(
    _ kind: RequestKind = .vitals, _ patient: String = "w1", place: Int = 0, edge: Int = 0,
    session: ClientSession? = nil
  ) -> ClientRequest {
    let request = send(kind, patient, place: place, edge: edge, session: session)
    `await`(request)
    return request
  }

  /// Sends a request and does not wait.
  func send(
    _ kind: RequestKind = .vitals, _ patient: String = "w1", place: Int = 0, edge: Int = 0,
    session: ClientSession? = nil
  ) -> ClientRequest {
    let index = Patient.all.firstIndex { $0.id == patient }
    return world.clients.ask(kind, index ?? 0, place: place, edge: edge, session: session)
  }

  /// A server by its name.
  subscript(_ name: String) -> Server { world.server(name) }

  /// The servers of a region.
  func servers(of region: Int) -> [Server] { world.servers.filter { $0.region == region } }

  /// What an edge knows of a server.
  func status(_ name: String, edge: Int = 0) -> EndpointStatus {
    world.edges[edge].health[world.server(name).endpoint.id]
  }

  /// The name of the server that answered a request.
  func server(of request: ClientRequest) -> String? {
    request.answer.map { world.servers[$0.server].endpoint.name }
  }

  /// Whether all were answered well.
  func areGood(_ requests: [ClientRequest]) -> Bool { requests.allSatisfy(\.isGood) }

  /// Whether all have their last word.
  func areOver(_ requests: [ClientRequest]) -> Bool { requests.allSatisfy(\.isOver) }

  /// How many attempts reached servers while `body` ran.
  func attempts(_ body: () -> Void) -> Int {
    let before = world.checker.attemptCount
    body()
    return world.checker.attemptCount - before
  }

  /// Cuts or heals the ways between an edge and servers.
  func cut(_ servers: [Server], edge: Int = 0, _ isCut: Bool = true) {
    for server in servers { world.setCut(isCut, edge: edge, server: server.index) }
  }

  /// Nothing is left over when everything has ended.
  func finish(_ location: SourceLocation = #_sourceLocation) {
    pass(8_000, location)
    world.checker.finish()
    #expect(world.checker.violation == nil, sourceLocation: location)
  }
}
