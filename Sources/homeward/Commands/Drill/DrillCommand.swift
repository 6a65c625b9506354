internal import ArgumentParser
internal import Base
internal import Control
internal import Native
internal import Reactor

/// `homeward drill`: failover under observation.
struct DrillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drill", abstract: "Practise a failover, and measure what clients see.",
    discussion: """
      Example:
        homeward drill run --config deploy/homeward.yaml --reason practice \\
          --patient p1001 --from 127.1.0.1 --authorities deploy/run/certificates/ca.pem \\
          --client-token-file token --fault 'http://127.0.0.1:9102/fault {"crash":true}'
      """,
    subcommands: [DrillRunCommand.self])
}

/// `homeward drill run`.
struct DrillRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a plan or nothing against a fault or nothing; measure.",
    discussion: """
      Clients of the drill write numbered canaries (ten a second) and read through the edge all \
      the time. After three seconds the fault comes; once the edge has seen it, the plan runs. In \
      the end every acknowledged canary is looked for. report.md and report.json tell when the \
      fault came, was seen, was decided, fenced, promoted and active, what failed or was held in \
      each class, what was lost, and what missed the plan's targets.

      Exit status: 0 within the targets and no safe request failed, 1 not, 2 wrong usage or \
      configuration.
      """)

  @Argument(help: ArgumentHelp("The plan's file; none: only the fault.", valueName: "plan"))
  var plan: String?

  @Flag(name: .long, help: "Run the plan's way back.")
  var back = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "`http://127.0.0.1:PORT/fault {\"crash\":true}`, a program and its arguments, or `real`;"
        + " repeat it for several.", valueName: "fault"))
  var fault: [String] = []

  @Option(name: .customLong("for"), help: ArgumentHelp("Seconds in all, at least.", valueName: "n"))
  var seconds = 12

  @Option(name: .long, help: ArgumentHelp("About whom canaries are.", valueName: "id"))
  var patient: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A read, as NAME=TARGET; by default vital signs, problems and demographics.",
      valueName: "read"))
  var read: [String] = []

  @Option(name: .long, help: ArgumentHelp("The clients' own address.", valueName: "address"))
  var from: String?

  @Option(
    name: .long, help: ArgumentHelp("A file with the clients' bearer token.", valueName: "file"))
  var clientTokenFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Authorities that the edge's certificate is from.", valueName: "file"))
  var authorities: String?

  @Option(name: .long, help: ArgumentHelp("The name in it.", valueName: "name"))
  var clientServerName = "127.0.0.1"

  @Option(
    name: .long,
    help: ArgumentHelp("The edge's port; by default its first listener's.", valueName: "port"))
  var port: UInt16?

  @Option(name: .long, help: ArgumentHelp("Where the reports go.", valueName: "folder"))
  var out = "."

  @OptionGroup var act: PlanActOptions
  @OptionGroup var accept: PlanAcceptOptions

  /// Drills.
  func run() throws {
    let faults = try fault.map { try DrillFault($0) }
    let file = try plan.map { try PlanFile.required($0, isBack: back) }
    guard let config = act.edge.admin.config else {
      throw AdminOptions.usage("a drill needs `--config`: where the edge listens and keeps records")
    }
    let settings = try RegionSettings.required(config)
    let aim = try aim(settings)
    // Before anything moves: afterwards it would be too late.
    do throws(SystemError) { try FileSystem.makeDirectories(out) } catch {
      throw AdminOptions.usage("`--out`: the folder `\(out)` cannot be made: \(error)")
    }
    let drill = Drill(
      auditDirectory: settings.configuration.audit.directory, file: file, faults: faults,
      aim: aim, act: act, accept: accept,
      edge: try act.edge.connection(acts: true), secondsMin: seconds)
    let report = try drill.run()
    try SystemStorage().replace("\(out)/report.md", Array(report.markdown.utf8))
    try SystemStorage().replace("\(out)/report.json", Array("\(report.json)\n".utf8))
    StandardStream.output.write(
      act.edge.json ? "\(report.json)\n" : report.markdown + "\nwritten: \(out)/report.md\n")
    if !report.isGood { throw ExitCode(1) }
  }

  private func aim(_ settings: RegionSettings) throws -> DrillAim {
    guard let listener = settings.configuration.listeners.first, let listens = listener.address
    else { throw ValidationError("the configuration has no listener") }
    let isAny = listens.address.bits == 0
    let address = SocketAddress(
      isAny ? IPAddress("127.0.0.1") ?? listens.address : listens.address,
      port: port ?? listens.port)
    guard address.port != 0 else {
      throw ValidationError("the kernel picks the listener's port; name it: --port")
    }
    var options = ClientTLSOptions()
    options.authoritiesPath = authorities
    options.alpn = [.http1]
    let source = try from.map { text -> SocketAddress in
      guard let address = IPAddress(text[...]) else {
        throw ValidationError("`\(text)` is no address")
      }
      return SocketAddress(address, port: 0)
    }
    let base = settings.configuration.fhir.base
    let usual = [
      ("vitals", "\(base)/Observation?patient=\(patient)&category=vital-signs"),
      ("problems", "\(base)/Condition?patient=\(patient)&category=problem-list-item"),
      ("demographics", "\(base)/Patient/\(patient)"),
    ]
    let reads = try read.map { text -> (String, String) in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts[1].hasPrefix("/") else {
        throw ValidationError("`\(text)` is no NAME=/TARGET")
      }
      return (parts[0], parts[1])
    }
    let token = try clientTokenFile.map { path in
      do throws(SystemError) {
        let bytes = try FileSystem.read(path, byteCountMax: 1 << 16)
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
      } catch { throw AdminOptions.usage("`--client-token-file \(path)`: \(error)") }
    }
    return DrillAim(
      address: address, context: try TLSContext.client(options), serverName: clientServerName,
      source: source, token: token, base: base, patient: patient,
      reads: read.isEmpty ? usual : reads)
  }
}
