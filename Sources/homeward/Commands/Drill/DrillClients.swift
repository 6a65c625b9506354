internal import Base
internal import Control
internal import Edge
internal import Native
internal import Reactor
internal import Synchronization

/// Where a drill's clients ask, and as whom.
struct DrillAim: Sendable {
  /// The edge.
  let address: SocketAddress
  /// How the connection is protected, and the name in the certificate.
  let context: TLSContext
  let serverName: String
  /// The clients' own address; nil: whatever the system takes.
  let source: SocketAddress?
  /// A bearer token; nil: none.
  let token: String?
  /// Path of FHIR requests, such as `/fhir`.
  let base: String
  /// The patient about whom canaries are.
  let patient: String
  /// Reads by the name of their class: target.
  let reads: [(name: String, target: String)]

  /// A call to the edge.
  func call(_ method: String, _ target: String, body: String = "") -> OutboundCall {
    var call = OutboundCall(address, target: target)
    call.tls = (context, serverName)
    call.authority = "\(serverName):\(address.port)"
    call.source = source
    call.method = method
    call.body = Array(body.utf8)
    call.timeoutMilliseconds = 30_000
    call.fields = [("user-agent", "homeward-drill"), ("accept", "application/fhir+json")]
    if let token { call.fields.append(("authorization", "Bearer \(token)")) }
    if !body.isEmpty { call.fields.append(("content-type", "application/fhir+json")) }
    return call
  }

  /// A visit that bears a number.
  func canary(_ number: Int, _ mark: String) -> OutboundCall {
    call(
      "POST", "\(base)/Encounter?patient=\(patient)",
      body: "{\"resourceType\":\"Encounter\",\"status\":\"planned\","
        + "\"identifier\":[{\"system\":\"urn:homeward:canary\",\"value\":\"\(mark)-\(number)\"}],"
        + "\"subject\":{\"reference\":\"Patient/\(patient)\"}}")
  }
}

/// What clients did so far: filled by their thread, read by the one that drills.
final class DrillLog: Sendable {
  /// What is known.
  struct Book: Sendable {
    var samples: [DrillSample] = []
    /// Where an acknowledged canary is to be found.
    var places: [Int: String] = [:]
    /// Canaries that were found.
    var present: Set<Int> = []
    var isOver = false
    var isIdle = false
  }

  let book = Mutex(Book())
  /// When the drill began.
  let began: Instant
  /// A word in every canary, so that those of other drills are told apart.
  let mark: String

  init(began: Instant, mark: String) {
    self.began = began
    self.mark = mark
  }

  /// Milliseconds since the drill began.
  func milliseconds(_ moment: Instant = Clock.monotonic()) -> Double {
    Double(moment.microseconds(since: began)) / 1_000
  }
}

/// Clients that write canaries at a steady rate and read beside that, whatever becomes of either.
/// Lives on a thread of its own.
final class DrillClients {
  private let aim: DrillAim
  private let log: DrillLog
  private let loop: CallLoop
  private var canaryCount = 0
  private var readCount = 0

  /// Milliseconds between two canaries, and between two reads.
  private static let canaryMilliseconds: UInt64 = 100
  private static let readMilliseconds: UInt64 = 25

  /// Runs clients until the log says that it is over and everything was answered; on this thread.
  static func run(_ aim: DrillAim, _ log: DrillLog) {
    do throws(SystemError) {
      let clients = DrillClients(aim, log, try CallLoop())
      clients.write(at: Clock.monotonic())
      clients.read(at: Clock.monotonic())
      clients.loop.runUntilIdle()
      try clients.look()
    } catch {
      StandardStream.error.write("homeward: the drill's clients ended: \(error)\n")
    }
    log.book.withLock { $0.isIdle = true }
  }

  private init(_ aim: DrillAim, _ log: DrillLog, _ loop: CallLoop) {
    self.aim = aim
    self.log = log
    self.loop = loop
  }

  private var isOver: Bool { log.book.withLock { $0.isOver } }

  private func write(at due: Instant) {
    if isOver { return }
    let number = canaryCount
    canaryCount += 1
    send(aim.canary(number, log.mark), DrillMeasures.writeName, canary: number)
    let next = due.adding(milliseconds: Self.canaryMilliseconds)
    loop.later(at: next) { [unowned self] in write(at: next) }
  }

  private func read(at due: Instant) {
    if isOver || aim.reads.isEmpty { return }
    let read = aim.reads[readCount % aim.reads.count]
    readCount += 1
    send(aim.call("GET", read.target), read.name, canary: nil)
    let next = due.adding(milliseconds: Self.readMilliseconds)
    loop.later(at: next) { [unowned self] in self.read(at: next) }
  }

  private func send(_ call: OutboundCall, _ name: String, canary: Int?) {
    let begun = log.milliseconds()
    let log = log
    loop.start(call) { result in
      var end = DrillSample.End.broken
      var place: String?
      if case .success(let answer) = result {
        end = .answered(answer.status)
        if answer.status == 201 { place = Self.reference(answer.field("location")) }
      }
      let sample = DrillSample(
        name: name, canary: canary, begun: begun, ended: log.milliseconds(), end: end)
      log.book.withLock { book in
        book.samples.append(sample)
        if let canary, let place { book.places[canary] = place }
      }
    }
  }

  /// `Encounter/p1001.n4` of a location, with or without its history.
  private static func reference(_ location: String?) -> String? {
    guard let location, let start = location.range(of: "/Encounter/") else { return nil }
    let id = location[start.upperBound...].prefix { $0 != "/" && $0 != "?" }
    return id.isEmpty ? nil : "Encounter/\(id)"
  }

  /// Looks for every acknowledged canary: a copy that is behind is asked again for a while.
  private func look() throws(SystemError) {
    for attempt in 0..<10 {
      let missing = log.book.withLock { book in
        book.places.filter { !book.present.contains($0.key) }.sorted { $0.key < $1.key }
      }
      if missing.isEmpty { return }
      if attempt > 0 { Thread.pause(milliseconds: 500) }
      var rest = missing[...]
      while !rest.isEmpty {
        let batch = Array(rest.prefix(16))
        rest = rest.dropFirst(16)
        let results = try CallLoop.perform(
          batch.map { aim.call("GET", "\(aim.base)/\($0.value)?patient=\(aim.patient)") })
        for ((number, _), result) in zip(batch, results) {
          guard case .success(let answer) = result, answer.status == 200,
            String(decoding: answer.body, as: UTF8.self).contains("\"\(log.mark)-\(number)\"")
          else { continue }
          log.book.withLock { _ = $0.present.insert(number) }
        }
      }
    }
  }
}

extension String {
  /// Where `part` is; nil when it is not.
  fileprivate func range(of part: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) {
        return start..<index(start, offsetBy: part.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
