import StrictYAML
import Testing

@testable import homeward

/// What `check` tells of a cache that keeps less than its words suggest.
@Suite struct CacheNoteTests {
  /// The minimal policy with a matrix of one row that stores.
  private func files(_ store: String) -> TestFiles {
    var files = TestFiles()
    let matrix = """
      cache:
        - { data_class: reference, store: { regions: any, ttl: 1m, \(store) } }
        - data_class: [demographics, encounters, problems, allergies, immunizations, medications,
            orders, notes, imaging, billing, consent, audit, behavioral-health, substance-use,
            reproductive-health, mixed, bulk, unknown, vitals, laboratory, scheduling, asset]
          store: never

      """
    files.contents["conf/policy.yaml"] = Array((TestFiles.policy(["us-west"]) + matrix).utf8)
    return files
  }

  private func notes(_ store: String, _ cache: String) -> [String] {
    let load = TestFiles.load(
      TestFiles.minimal + "cache: { region: us-west, \(cache) }\n", files: files(store))
    #expect(load.diagnostics.map(\.description) == [])
    return load.notes.filter { $0.hasPrefix("`cache") }
  }

  private let disk = "sealing_key: sealing.key, disk: { directory: cached, size: 16MiB }"

  @Test func nothingLiesOnADiskThatNoRowNames() {
    #expect(
      notes("seal: tenant", disk)
        == ["`cache.disk`: no row of the policy has `disk: sealed`, so nothing lies there"])
    #expect(notes("seal: tenant, disk: sealed", disk).isEmpty)
  }

  @Test func whatIsSealedNeedsAKey() {
    #expect(
      notes("seal: tenant", "size: 16MiB")
        == ["`cache`: without `sealing_key` nothing is kept of what the policy wants sealed"])
    #expect(notes("seal: tenant, disk: sealed", "sealing_key: sealing.key").isEmpty)
  }
}
