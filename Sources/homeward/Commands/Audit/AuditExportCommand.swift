internal import ArgumentParser
internal import Audit
internal import Base
internal import Edge
internal import Reactor

/// `homeward audit export`: the log in forms that other programs read.
struct AuditExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write an audit log in another form.",
    discussion: """
      ndjson: one JSON object a line for each record, to --out or to standard output.
      fhir: FHIR R4 AuditEvents, one a line, in the shapes of IHE's Basic Audit Log Patterns: a \
      decision and its outcome are one event. A profile is claimed only where all that it demands \
      is known: with --unseal, for what succeeded, and never for searches, whose text no record \
      holds. Heartbeats are no events of security and are left out.
      ocsf: OCSF 1.3.0, one a line: API Activity for decisions with their outcomes, Application \
      Lifecycle and Entity Management for the rest; without heartbeats.
      syslog: RFC 5424 with structured data, heartbeats too. --framing octets puts the length in \
      front of each message, as RFC 5425 demands over TLS.
      tlog-tiles: the plain C2SP layout, which programs of others verify: --out gets a folder for \
      each log with `checkpoint`, `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`, as far as \
      the checkpoint goes.

      Examples:
        homeward audit export deploy/run/audit --format ndjson --out records.ndjson
        homeward audit export deploy/run/audit --format fhir --unseal pseudonym.key --out a.ndjson
        homeward audit export deploy/run/audit --format syslog --framing octets \\
          | openssl s_client -quiet -connect siem.example:6514
        homeward audit export deploy/run/audit --format tlog-tiles --out tiles/

      Exit status: 0 done, 1 the log is damaged or the files cannot be written, 2 wrong usage.
      """)

  /// The forms.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case ndjson, fhir, ocsf, syslog
    case tlogTiles = "tlog-tiles"
  }

  /// How syslog messages follow each other.
  enum Framing: String, CaseIterable, ExpressibleByArgument {
    case lines, octets
  }

  @Argument(help: ArgumentHelp("The log's folder.", valueName: "dir"))
  var directory: String

  @Option(name: .long, help: ArgumentHelp("The form.", valueName: "form"))
  var format: Format

  @Option(
    name: .long, help: ArgumentHelp("Where to; must not exist yet.", valueName: "path"))
  var out: String?

  @Option(
    name: .long,
    help: ArgumentHelp("How syslog messages follow each other: lines or octets.", valueName: "how"))
  var framing = Framing.lines

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The IANA enterprise number in the name of syslog's structured data; 32473 is the one for"
        + " documents.", valueName: "number"))
  var enterprise = 32_473

  @OptionGroup var unsealing: AuditUnsealOption

  /// Exports every log of the folder.
  func run() throws {
    if format == .tlogTiles, out == nil { throw ValidationError("tlog-tiles needs --out") }
    guard (1...Int(UInt32.max)).contains(enterprise) else {
      throw ValidationError("--enterprise is a number from 1 on")
    }
    if let out, FileSystem.exists(out) { throw ValidationError("`\(out)` is there already") }
    do {
      try readingAudit {
        let folders = try AuditFolder.logs(in: directory)
        switch (format, out) {
        case (.tlogTiles, let out?): try exportTiles(folders, out)
        default: try exportLines(folders)
        }
      }
    } catch let error as SystemError {
      StandardStream.error.write("homeward: `\(out ?? "")`: \(error)\n")
      throw ExitCode(1)
    }
  }

  private func exportTiles(_ folders: [AuditFolder], _ out: String) throws {
    try FileSystem.makeDirectory(out)
    for folder in folders {
      let name = folder.path.split(separator: "/").last.map(String.init) ?? "log"
      try folder.exportTiles(to: folders.count == 1 ? out : "\(out)/\(name)")
    }
  }

  private func exportLines(_ folders: [AuditFolder]) throws {
    let sink = try ExportSink(out)
    for chain in try AuditFolder.chains(folders) {
      // An outcome may stand in the log after its decision's.
      var join = RecordJoin()
      for (name, folder) in chain {
        var keys = try unsealing.keys(of: folder)
        var failure: (any Error)?
        try unsafe folder.forEachEntry { index, entry in
          guard let record = unsafe auditRecord(entry, &keys) else { return true }
          let place = EntryPlace(instance: name.instance, origin: name.origin, index: index)
          do { try write(record, place, &join, to: sink) } catch { failure = error }
          return failure == nil
        }
        if let failure { throw failure }
      }
      for record in join.finish() { try sink.write(text(record)) }
    }
    try sink.finish()
  }

  /// Writes what is complete with a record.
  private func write(
    _ record: AuditRecord, _ place: EntryPlace, _ join: inout RecordJoin, to sink: ExportSink
  ) throws {
    guard format != .ndjson else {
      return try sink.write(AuditText.json(record, index: place.index) + "\n")
    }
    for complete in join.take(record, at: place) { try sink.write(text(complete)) }
  }

  /// A record in the form that is asked for; empty when the form leaves it out.
  private func text(_ record: ExportedRecord) -> String {
    switch format {
    case .fhir: FHIRAuditEvent.json(record).map { $0 + "\n" } ?? ""
    case .ocsf: OCSFEvent.json(record).map { $0 + "\n" } ?? ""
    case .syslog:
      SyslogLine.text(
        record, enterprise: enterprise, framing: framing == .octets ? .octets : .lines)
    case .ndjson, .tlogTiles: preconditionFailure("no joined records in this form")
    }
  }
}

/// Where an export goes: a new file, or standard output.
private final class ExportSink {
  private let file: DiskFile?
  private var offset = 0
  private var text = ""

  /// Bytes that are collected before they are written.
  private static let bufferByteCount = 1 << 20

  init(_ path: String?) throws(SystemError) {
    file = if let path { try DiskFile(path: path, isNew: true) } else { nil }
  }

  func write(_ more: String) throws(SystemError) {
    text += more
    if text.utf8.count > Self.bufferByteCount { try flush() }
  }

  private func flush() throws(SystemError) {
    defer { text = "" }
    guard let file else { return StandardStream.output.write(text) }
    let bytes = Array(text.utf8)
    try file.write(bytes, at: offset)
    offset += bytes.count
  }

  /// Writes the rest.
  func finish() throws(SystemError) {
    try flush()
    try file?.synchronize()
  }
}
