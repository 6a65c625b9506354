import Base
import Policy
import Reactor
import Testing

@testable import Control

@Suite struct SafetyTests {
  @Test func aHomeKeepsItsLastLawfulTarget() throws {
    let safety = Safety(Shift.world)
    do throws(OperatorRefusal) {
      _ = try safety.judge(Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
      Issue.record("not refused")
    } catch {
      #expect(error.code == "rule-s1")
      #expect(error.description.contains("read of medications of home `west`"))
      #expect(error.description.contains("--tier replica"))
    }
    let state = try safety.judge(
      Shift.order(.drain, "west", .replica), on: OperatorState(), at: Shift.at(0))
    #expect(state.effect("west", .replica).out != nil)
    #expect(state.effect("west", .primary).out == nil)
  }

  @Test func whatFailedAnywayIsNoReasonToRefuse() throws {
    var world = Shift.world
    world.regions[0].servers[1].isFit = false
    world.regions[0].servers[0].isFit = false
    // Nobody knows whether they are down: what leaves service could have been the last.
    #expect(throws: OperatorRefusal.self) {
      try Safety(world).judge(
        Shift.order(.evacuate, "west"), on: OperatorState(), at: Shift.at(0))
    }
    world.regions[0].servers[1].isPossible = false
    world.regions[0].servers[0].isPossible = false
    _ = try Safety(world).judge(
      Shift.order(.evacuate, "west"), on: OperatorState(), at: Shift.at(0))
    // But what other regions' requests had left is.
    world.regions[2].servers[0].isFit = false
    world.regions[1].servers[0].isFit = false
    #expect(throws: OperatorRefusal.self) {
      try Safety(world).judge(
        Shift.order(.drain, "east", .primary), on: OperatorState(), at: Shift.at(0))
    }
  }

  @Test func aCopyWhoseAgeIsNotMeasuredIsNoTarget() throws {
    var world = Shift.chartOnly
    world.regions[0].servers.removeLast()
    for index in 1...2 { world.regions[index].servers[0].copiedHomes = ["east"] }
    #expect(throws: OperatorRefusal.self) {
      try Safety(world).judge(
        Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
    }
    world.regions[1].servers[0].copiedHomes = ["west"]
    _ = try Safety(world).judge(
      Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
  }

  /// The shipped policy has one kind of server for some requests: nothing of a region may rest.
  @Test(
    arguments: ["us-west", "us-central", "us-east"],
    [
      (.all, "scheduling, demographics, "),
      (.replica, "read, vread, search, export of bulk of home `"),
      (.primary, "scheduling, demographics, "),
    ] as [(OverrideTiers, String)])
  func theShippedPolicyKeepsItsAuthorities(
    _ region: String, _ refused: (tiers: OverrideTiers, words: String)
  ) throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let bytes = try FileSystem.read(
      "/\(root)/policies/clinical-routing/0002.yaml", byteCountMax: 1 << 20)
    let policy = try #require(
      Policy.load(text: String(decoding: bytes, as: UTF8.self), file: "p", hash: "").0)
    let safety = Safety(
      ServingWorld(policy.regions.map { .init($0.name) }, rows: policy.serviceRows()))
    for kind in OverrideKind.allCases {
      do throws(OperatorRefusal) {
        _ = try safety.judge(
          Shift.order(kind, region, refused.tiers), on: OperatorState(), at: Shift.at(0))
        #expect(!kind.takesOut)
      } catch {
        #expect(kind.takesOut)
        #expect(error.code == "rule-s1")
        #expect(error.description.contains(refused.words), "\(error)")
        #expect(error.description.contains("of home `\(region)`"), "\(error)")
      }
    }
  }

  @Test func withoutADiagramNothingLeavesService() throws {
    let world = ServingWorld(Shift.regions.map { .init($0) }, rows: nil)
    #expect(throws: OperatorRefusal.self) {
      try Safety(world).judge(
        Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
    }
    _ = try Safety(world).judge(
      Shift.order(.prefer, "west"), on: OperatorState(), at: Shift.at(0))
  }

  @Test func oneRegionIsOutByHandAtMost() throws {
    let safety = Safety(Shift.chartOnly)
    let state = try safety.judge(
      Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
    do throws(OperatorRefusal) {
      _ = try safety.judge(Shift.order(.evacuate, "east"), on: state, at: Shift.at(60))
      Issue.record("not refused")
    } catch {
      #expect(error.code == "rule-s5")
      #expect(error.description.contains("`west` and `east` would be out by hand together"))
      #expect(error.description.contains("release O-1 first"))
    }
  }

  /// A forced region comes out again when the force ends before the drain below it.
  @Test func whatTimeWillDoCounts() throws {
    let safety = Safety(Shift.chartOnly)
    let state = try safety.judge(
      Shift.order(.drain, "west", until: 900), on: OperatorState(), at: Shift.at(0))
    let forced = try safety.judge(
      Shift.order(.forceIn, "west", until: 300), on: state, at: Shift.at(60))
    do throws(OperatorRefusal) {
      _ = try safety.judge(Shift.order(.drain, "east", until: 600), on: forced, at: Shift.at(120))
      Issue.record("not refused")
    } catch {
      #expect(error.description.contains("from 2026-11-22T05:05:00.000Z on, "))
    }
    _ = try safety.judge(Shift.order(.drain, "east", until: 299), on: forced, at: Shift.at(120))
  }

  /// An act that moved requests while a clock was ahead keeps nobody waiting until that time comes.
  @Test(arguments: [(86_400, -1), (5, -1), (4, 9), (0, 5), (-1, 4), (-5, -1)])
  func spacingIsJudgedByTheCallersTime(_ last: Int, _ wait: Int) throws {
    let safety = Safety(Shift.chartOnly)
    let state = try safety.judge(
      Shift.order(.drain, "west", until: 90_000), on: OperatorState(), at: Shift.at(100 + last))
    do throws(OperatorRefusal) {
      _ = try safety.judge(Shift.release(1), on: state, at: Shift.at(100))
      #expect(wait < 0)
    } catch {
      #expect(error.code == "rule-s6" && error.description.contains("; wait \(wait) s to see"))
    }
  }

  @Test func switchesAreApart() throws {
    let safety = Safety(Shift.chartOnly)
    let state = try safety.judge(
      Shift.order(.drain, "west"), on: OperatorState(), at: Shift.at(0))
    do throws(OperatorRefusal) {
      _ = try safety.judge(Shift.release(1), on: state, at: Shift.at(3))
      Issue.record("not refused")
    } catch {
      #expect(error.code == "rule-s6")
      #expect(error.description.contains("wait 2 s"))
    }
    // What moves nothing need not wait.
    _ = try safety.judge(Shift.order(.prefer, "east"), on: state, at: Shift.at(3))
    #expect(try safety.judge(Shift.release(1), on: state, at: Shift.at(5)).overrides.isEmpty)
  }

  @Test func regionsThatAreNotThereGetNoOrders() {
    #expect(throws: OperatorRefusal.unknownRegion("north", known: Shift.regions)) {
      try Safety(Shift.world).judge(
        Shift.order(.prefer, "north"), on: OperatorState(), at: Shift.at(0))
    }
  }

  /// Whatever is tried, the state keeps the rules, now and later.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func noSequenceOfActsBreaksARule(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let world = seed.isMultiple(of: 2) ? Shift.world : Shift.chartOnly
    let safety = Safety(world)
    var (state, seconds, doneCount) = (OperatorState(), 0, 0)
    var lastSwitch: WallTime?
    for _ in 0..<150 {
      seconds += Int.random(in: 0...9, using: &random)
      let act =
        Int.random(in: 0..<4, using: &random) == 0
        ? Shift.release(Int.random(in: 1...max(1, state.actCount), using: &random))
        : Shift.order(
          OverrideKind.allCases.randomElement(using: &random) ?? .drain,
          Shift.regions.randomElement(using: &random) ?? "west",
          OverrideTiers.allCases.randomElement(using: &random) ?? .all,
          until: seconds + Int.random(in: 1...60, using: &random))
      let before = state.settled(at: Shift.at(seconds))
      guard let next = try? safety.judge(act, on: state, at: Shift.at(seconds)) else {
        check(before, world)
        continue
      }
      doneCount += 1
      check(next, world)
      if next.moved(from: before) {
        if let lastSwitch {
          #expect(next.time.microseconds - lastSwitch.microseconds >= 5_000_000)
        }
        lastSwitch = next.time
      }
      #expect(next.revision > state.revision)
      state = next
    }
    #expect(doneCount > 10)
  }

  /// The rules in the simplest words: no code of theirs is used.
  private func check(_ state: OperatorState, _ world: ServingWorld) {
    func isIn(_ region: Int, _ tier: Tier) -> Bool {
      let orders = state.orders(world.regions[region].name, tier).map(\.kind)
      let isOut = orders.contains { [.drain, .holdOut, .evacuate].contains($0) }
      return !isOut || (orders.contains(.forceIn) && !orders.contains(.evacuate))
    }
    for row in world.rows ?? [] {
      for targets in row.targets {
        #expect(
          (0..<3).contains { region in
            (targets.replicas >> UInt64(region) & 1 == 1 && isIn(region, .replica))
              || (targets.primaries >> UInt64(region) & 1 == 1 && isIn(region, .primary))
          })
      }
    }
    let out = (0..<3).filter { !isIn($0, .replica) && !isIn($0, .primary) }
    #expect(out.count <= 1)
    // One order of each level for each server.
    for region in world.regions {
      for tier in [Tier.replica, .primary] {
        let levels = state.orders(region.name, tier).map(\.kind.level)
        #expect(Set(levels).count == levels.count)
      }
    }
  }
}
