internal import ArgumentParser
internal import Base
internal import Directory
internal import Native
internal import Reactor

/// `homeward directory bench`: what a directory of some size costs on this machine.
struct DirectoryBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a directory of made-up patients on this machine.",
    discussion: """
      Builds a snapshot, writes it, loads it as an edge does, looks up random patients and applies \
      random changes. The file is removed at the end.

      Example:
        homeward directory bench --patients 10000000 --file /tmp/bench.snapshot

      Exit status: 0 done, 1 it could not be measured, 2 wrong usage.
      """)

  @Option(name: .long, help: "How many patients.")
  var patients = 1_000_000

  @Option(name: .long, help: ArgumentHelp("Where to write the snapshot.", valueName: "file"))
  var file: String

  @Option(name: .long, help: "Start of the random sequence.")
  var seed: UInt64 = 1

  private static let homes = ["us-west", "us-central", "us-east"]
  private static let lookupCount = 1_000_000
  private static let batchCount = 200
  private static let changesPerBatch = 1_000

  /// Refuses what a directory cannot hold.
  func validate() throws {
    guard (1...DirectoryLimits.patientsMax).contains(patients) else {
      throw ValidationError("--patients takes 1 to \(DirectoryLimits.patientsMax)")
    }
    guard !FileSystem.exists(file) else { throw ValidationError("`\(file)` exists already") }
  }

  /// Builds, loads, looks, changes; prints each figure when it is known.
  func run() throws {
    let hash = PatientHash(secret: [UInt8](repeating: 1, count: 32))
    let signing = SigningKey()
    defer { try? FileSystem.remove(file) }
    try DirectoryTool.checked(file) {
      try build(hash, signing)
      let began = Clock.monotonic()
      let snapshot = try DirectoryFiles.snapshot(
        file, signer: signing.verifyingKey, keyID: hash.keyID, protection: .copied)
      try snapshot.verifyContent()
      say("load and verify", began, "")
      let directory = try PatientDirectory(
        snapshot, hash: hash, signer: signing.verifyingKey, deltasPath: nil)
      look(directory, "known", from: 0)
      look(directory, "unknown", from: patients)
      try change(directory, hash, signing)
      look(directory, "known, behind changes", from: 0)
    }
  }

  private func say(_ what: String, _ began: Instant, _ rest: String) {
    let milliseconds = Clock.monotonic().milliseconds(since: began)
    StandardStream.output.write("\(what): \(milliseconds) ms\(rest)\n")
  }

  /// The id of patient `number`.
  private static func id(_ number: Int) -> [UInt8] {
    let digits = String(number)
    return Array(
      "pat-\(String(repeating: "0", count: max(0, 9 - digits.utf8.count)))\(digits)".utf8)
  }

  private func key(_ number: Int, _ hash: PatientHash) -> PatientKey {
    guard let key = hash.key(of: Self.id(number).span) else {
      preconditionFailure("a made-up id is one")
    }
    return key
  }

  /// Builds and writes the snapshot.
  private func build(_ hash: PatientHash, _ signing: borrowing SigningKey) throws {
    var began = Clock.monotonic()
    var rows = PatientRows()
    let place = Place("US-AZ") ?? .unknown
    for number in 0..<patients {
      rows.add(
        key(number, hash),
        PatientEntry(
          homeIndex: UInt8(number % Self.homes.count), residency: place, consent: .granted,
          flags: []))
    }
    say("make \(patients) patients", began, "")
    began = Clock.monotonic()
    guard let snapshot = rows.makeSnapshot(homeNames: Self.homes, keyID: hash.keyID).snapshot
    else { preconditionFailure("made-up patients are distinct") }
    let header = snapshot.signedHeader(
      version: 1, built: Clock.wall(), lastDelta: 0, signer: signing)
    try FileSystem.replace(file) { file throws(SystemError) in
      try file.write(header)
      try unsafe snapshot.withContent { raw throws(SystemError) in try unsafe file.write(raw) }
    }
    let bytes = header.count + snapshot.byteCount
    let each = (bytes * 10 + patients / 2) / patients
    say("sort, sign, write", began, ", \(bytes) bytes, \(each / 10).\(each % 10) a patient")
  }

  /// Looks up random ids, each timed by itself; the clock's own time is taken off.
  private func look(_ directory: PatientDirectory, _ what: String, from first: Int) {
    var random = SplitMix64(seed: seed)
    // End to end, so that the ids themselves are in the cache when they are looked up.
    let ids = (0..<Self.lookupCount).flatMap { _ in
      Self.id(first + Int.random(in: 0..<patients, using: &random))
    }
    let idCount = ids.count / Self.lookupCount
    var clock: [UInt64] = []
    for _ in 0..<10_000 {
      let began = Clock.monotonic()
      clock.append(Clock.monotonic().nanoseconds - began.nanoseconds)
    }
    let idle = clock.sorted()[clock.count / 2]
    var times: [UInt64] = []
    times.reserveCapacity(Self.lookupCount)
    var found = 0
    for start in stride(from: 0, to: ids.count, by: idCount) {
      unsafe ids.withUnsafeBytes { all in
        let id = unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + idCount])
        let began = Clock.monotonic()
        let patient = unsafe directory.lookup(id)
        times.append(Clock.monotonic().nanoseconds - began.nanoseconds)
        if patient != nil { found += 1 }
      }
    }
    // Once more without a clock in between: what a look-up adds to other work.
    var foundAgain = 0
    let began = Clock.monotonic()
    for start in stride(from: 0, to: ids.count, by: idCount) {
      unsafe ids.withUnsafeBytes { all in
        let id = unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + idCount])
        if unsafe directory.lookup(id) != nil { foundAgain += 1 }
      }
    }
    let mean = Int(Clock.monotonic().microseconds(since: began)) * 1_000 / times.count
    precondition(found == foundAgain, "the same patients are found twice")
    times.sort()
    func share(_ percent: Int) -> UInt64 {
      let time = times[(times.count - 1) * percent / 100]
      return time > idle ? time - idle : 0
    }
    StandardStream.output.write(
      "look up \(what): p50 \(share(50)) ns, p99 \(share(99)) ns, mean \(mean) ns,"
        + " \(found) of \(times.count) found\n")
  }

  /// Applies consent changes of random patients, in batches as a log holds them.
  private func change(
    _ directory: PatientDirectory, _ hash: PatientHash, _ signing: borrowing SigningKey
  ) throws {
    var random = SplitMix64(seed: seed &+ 1)
    var log = DeltaLog.header(base: 0, keyID: hash.keyID, made: Clock.wall(), signer: signing)
    for number in 1...UInt64(Self.batchCount) {
      let changes = (0..<Self.changesPerBatch).map { _ in
        DirectoryChange.consent(
          key(Int.random(in: 0..<patients, using: &random), hash),
          Bool.random(using: &random) ? .withdrawn : .granted)
      }
      log += DeltaLog.batch(
        changes, number: number, time: Clock.wall(), homeNames: Self.homes, keyID: hash.keyID,
        signer: signing)
    }
    let began = Clock.monotonic()
    let progress = unsafe log.withUnsafeBytes { unsafe directory.receiveDeltas($0) }
    let micros = max(1, Clock.monotonic().microseconds(since: began))
    if let fault = progress.fault { throw fault }
    StandardStream.output.write(
      "apply \(progress.changeCount) changes in \(progress.batchCount) batches:"
        + " \(UInt64(progress.changeCount) * 1_000_000 / micros) changes/s\n")
  }
}
