public import Base
internal import Reactor

/// What an edge that follows the operators' folder says of itself, in a file of its own there.
///
/// An edge registers before its first write and again every second and a half; no read of the store
/// renews its lease unless it is registered. So whoever moves an authority knows whom to wait for.
public struct EdgeRegistration: Hashable, Sendable {
  /// The file's name: the instance, and a word that is new with each process.
  public let edge: String
  /// How many acts it has seen; nil when the file does not read.
  public let seen: Int?
  /// Writes under way by domain; none for those that are missing.
  public let writes: [String: Int]
  /// When it was written, by the edge's clock: for people only.
  public let time: WallTime
  /// The same on its boot-time clock, milliseconds: for people only.
  public let bootMilliseconds: UInt64

  /// Makes a registration.
  public init(
    edge: String, seen: Int?, writes: [String: Int], time: WallTime, bootMilliseconds: UInt64
  ) {
    self.edge = edge
    self.seen = seen
    self.writes = writes
    self.time = time
    self.bootMilliseconds = bootMilliseconds
  }

  /// The file's bytes.
  public var bytes: [UInt8] {
    let head = [
      "homeward-writer", edge, "\(seen ?? -1)", "\(time.microseconds)", "\(bootMilliseconds)",
    ]
    let lines = writes.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
    return Array(
      ([head] + lines + [["end"]]).map { $0.joined(separator: "\t") + "\n" }.joined().utf8)
  }

  /// Reads a file named `edge`. One that does not read is an edge that has seen nothing.
  public init(edge: String, _ bytes: [UInt8]) {
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    self.init(edge: edge, lines: lines)
  }

  private init(edge: String, lines: [[String]]) {
    self.edge = edge
    var writes: [String: Int] = [:]
    var isWhole = lines.suffix(2) == [["end"], [""]]
    for fields in lines.dropFirst().dropLast(2) {
      guard fields.count == 2, let count = Chain.count(fields[1]) else {
        isWhole = false
        break
      }
      writes[fields[0]] = count
    }
    let head = lines.first ?? []
    guard isWhole, head.count == 5, head[0] == "homeward-writer", head[1] == edge,
      let seen = Chain.count(head[2], from: -1), let time = Chain.count(head[3]),
      let boot = Chain.count(head[4])
    else {
      (seen, self.writes, time, bootMilliseconds) = (nil, [:], WallTime(microseconds: 0), 0)
      return
    }
    self.seen = seen >= 0 ? seen : nil
    self.writes = writes
    self.time = WallTime(microseconds: UInt64(time))
    bootMilliseconds = UInt64(boot)
  }

  /// Whether it starts no write of the record's domain any more, and none is under way.
  public func acknowledges(_ record: AuthorityRecord) -> Bool {
    guard let seen else { return false }
    return seen >= record.number && (writes[record.domain] ?? 0) == 0
  }
}

extension OperatorFolder {
  /// The folder of the edges' registrations.
  public var edgesPath: String { directory + "/edges" }

  /// Where an edge registers.
  public func edgePath(_ edge: String) -> String { edgesPath + "/" + edge }

  /// All registrations, by name.
  public func registrations(_ storage: some Storage) throws(StateFault) -> [EdgeRegistration] {
    do throws(SystemError) {
      var found: [EdgeRegistration] = []
      for name in try storage.names(in: edgesPath) where !name.hasSuffix(".new") {
        do throws(SystemError) {
          let bytes = try storage.read(
            edgePath(name), byteCountMax: Limits.registrationByteCountMax)
          found.append(EdgeRegistration(edge: name, bytes))
        } catch {
          // An edge that ends takes its file away; any other fault may hide an edge.
          if !error.isNotFound { found.append(EdgeRegistration(edge: name, [])) }
        }
      }
      return found
    } catch {
      if error.isNotFound { return [] }
      throw .storage(path: edgesPath, error)
    }
  }

  /// Takes away the files of edges that stayed silent, and what they left of the next ones; see
  /// `SilentEdges`.
  public func forget(_ edges: [String], _ storage: some Storage) {
    for path in edges.map(edgePath) {
      try? storage.remove(path)
      try? storage.remove(path + ".new")
    }
  }
}
