internal import ArgumentParser
internal import Base
internal import Control
internal import Edge
internal import Logging
internal import Native
internal import Proxy
internal import Reactor

/// `homeward run`: the edge itself.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the edge.",
    discussion: """
      Serves until SIGTERM or SIGINT, then drains: clients are told to open no more streams, \
      requests under way finish. A policy version that `homeward policy activate` puts into force \
      decides within a second; an order of `homeward region` is in force within 50 ms. \
      SIGHUP reads configuration, policy, directory and certificates \
      anew without dropping a request; if anything is wrong in them, the old ones stay and stderr \
      says why.

      Example:
        homeward run --config deploy/homeward.yaml

      Exit status: 0 drained and ended, 1 it could not start or go on, 2 wrong configuration.
      """)

  @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      Written once every loop listens: one line `listener=ADDRESS:PORT` for each listener, and \
      `admin=ADDRESS:PORT`.
      """,
      valueName: "file"))
  var readyFile: String?

  @Option(name: .long, help: ArgumentHelp("How much to tell.", valueName: "level"))
  var logLevel: LogLevel = .notice

  /// Loads, starts, serves, drains.
  func run() throws {
    Signals.block()
    do throws(HTTP2LibraryFault) { try HTTP2Library.check() } catch {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
    resumeInterrupted()
    guard let load = usableConfiguration(), let configuration = load.configuration else {
      throw ExitCode(2)
    }
    let loopCount = configuration.loopCount ?? processorCount()
    let builder = SnapshotBuilder(loopCount: loopCount)
    let logger = makeLogger()
    let feed = load.active.flatMap { active in
      ActivePolicyFeed(config: config, active: active, load: load, logger: logger)
    }
    let office = configuration.operators.map {
      PlanOffice(configuration, OperatorFolder($0.directory), isLocal: false)
    }
    do {
      let operators = try configuration.operators.map {
        try orderFeed(OperatorFolder($0.directory), copyPath: $0.copy, configuration, logger)
      }
      let snapshot = try builder.build(load)
      let definition = try builder.admin(load)
      let admin = try AdminService.make(configuration, definition, office)
      let server = try Server(
        snapshot: snapshot,
        options: Server.Options(
          loopCount: loopCount, audit: try AuditOptions(configuration),
          configurationHash: load.contentHash, seed: randomSeed(), logger: logger,
          policies: feed, operators: operators, admin: admin,
          cacheFolder: configuration.cache?.disk?.directory),
        reload: { reload(configuration, builder, feed, admin, office) })
      try server.run { announce(snapshot, definition?.listener) }
    } catch {
      StandardStream.error.write("homeward: \(error)\n")
      throw ExitCode(1)
    }
  }

  /// What follows the operators' folder, and signs what it reads there as the audit log is signed.
  private func orderFeed(
    _ folder: OperatorFolder, copyPath: String?, _ configuration: Configuration, _ logger: Logger
  ) throws -> ActiveOrderFeed {
    let seals = try SealedBooks(
      folder, instance: configuration.instance, copyPath: copyPath,
      keyPath: configuration.audit.signingKey,
      retiringKeyPath: configuration.audit.retiringSigningKey, logger: logger)
    return ActiveOrderFeed(
      folder, instance: configuration.instance, life: randomSeed(), seals: seals, logger: logger)
  }

  /// Brings an activation to its end that a crash interrupted. Whatever comes of it, the edge
  /// starts with the version that is in force then.
  private func resumeInterrupted() {
    guard let settings = LifecycleSettings.load(config).0,
      let history = try? settings.state.history(SystemStorage()), history.pending != nil
    else { return }
    do throws(LifecycleError) {
      if let entry = try settings.begin().resumed {
        StandardStream.error.write(
          "homeward: an interrupted command was brought to its end: policy version"
            + " \(entry.version) is in force\n")
      }
    } catch {
      StandardStream.error.write("homeward: \(error)\n")
    }
  }

  /// The configuration; nil after it was said what is wrong with it.
  private func usableConfiguration() -> ConfigurationLoad? {
    let load = ConfigurationLoad.load(config)
    let complaints = load.diagnostics.map { "\($0)\n" }.joined()
    if !complaints.isEmpty { StandardStream.error.write(complaints) }
    return load.configuration == nil ? nil : load
  }

  /// The next snapshot; nil when the old one must stay. What the edge `started` with stays in part.
  private func reload(
    _ started: Configuration, _ builder: SnapshotBuilder, _ feed: ActivePolicyFeed?,
    _ admin: AdminService?, _ office: PlanOffice?
  ) -> (snapshot: Snapshot, configurationHash: String)? {
    guard let load = usableConfiguration() else {
      StandardStream.error.write("homeward: nothing is reloaded; the old configuration stays\n")
      return nil
    }
    do {
      let next = try builder.build(load)
      if let definition = try builder.admin(load) { admin?.adopt(definition) }
      feed?.use(load)
      if let configuration = load.configuration {
        office?.adopt(configuration)
        for key in started.keysOfRestart(before: configuration) {
          StandardStream.error.write(
            "homeward: `\(key)` has changed; that waits for a restart, all else is reloaded\n")
        }
      }
      return (next, load.contentHash)
    } catch {
      StandardStream.error.write("homeward: nothing is reloaded: \(error)\n")
      return nil
    }
  }

  private func announce(_ snapshot: Snapshot, _ admin: ListenerDefinition?) {
    guard let readyFile else { return }
    var lines = snapshot.listeners.map { listener in
      "listener=\(SocketAddress(listener.address, port: listener.port))\n"
    }
    if let admin { lines.append("admin=\(SocketAddress(admin.address, port: admin.port))\n") }
    do throws(SystemError) {
      try FileSystem.replace(readyFile, with: Array(lines.joined().utf8))
    } catch {
      StandardStream.error.write("homeward: `\(readyFile)`: \(error)\n")
    }
  }

  private func makeLogger() -> Logger {
    var logger = Logger(label: "homeward") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel.level
    return logger
  }

  private func randomSeed() -> UInt64 {
    var seed: UInt64 = 0
    unsafe withUnsafeMutableBytes(of: &seed) { unsafe secureRandom(into: $0) }
    return seed
  }
}

/// How much the edge tells.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case trace, debug, info, notice, warning, error, critical

  /// The logger's word for it.
  var level: Logger.Level {
    switch self {
    case .trace: .trace
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .warning: .warning
    case .error: .error
    case .critical: .critical
    }
  }
}
