import Foundation
import Testing

@testable import Reactor

@Suite struct FileTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/reactor-\(UUID().uuidString)"

  init() throws { try FileSystem.makeDirectory(folder) }

  @Test func whatIsWrittenIsRead() throws {
    let path = folder + "/a"
    let file = try AppendFile(path: path, isNew: true)
    try file.write([1, 2])
    try file.write([3])
    try file.synchronize()
    #expect(try FileSystem.read(path) == [1, 2, 3])
  }

  @Test func aNewFileMustNotExist() throws {
    let path = folder + "/b"
    try FileSystem.replace(path, with: [1])
    #expect(throws: SystemError.self) { _ = try AppendFile(path: path, isNew: true) }
  }

  @Test func replacingIsWhole() throws {
    let path = folder + "/c"
    try FileSystem.replace(path, with: [1, 1])
    try FileSystem.replace(path, with: [2])
    #expect(try FileSystem.read(path) == [2])
    #expect(try FileSystem.names(in: folder).contains("c.new") == false)
  }

  @Test func spaceIsTakenAheadAndReadsAsZeros() throws {
    let path = folder + "/d"
    let file = try DiskFile(path: path, isNew: true)
    try file.allocate(0..<8192)
    try file.write([1, 2, 3], at: 4095)
    try file.synchronize()
    #expect(try FileSystem.status(of: path).byteCount == 8192)
    #expect(try FileSystem.read(path, at: 4094, 5) == [0, 1, 2, 3, 0])
    #expect(try FileSystem.read(path, at: 8190, 5) == [0, 0])
    try file.truncate(byteCount: 4096)
    #expect(try FileSystem.read(path, at: 4094, 5) == [0, 1])
  }

  @Test(arguments: ["link", "remove", "replace"])
  func aFileThatLostItsNameIsNotIntact(change: String) throws {
    let path = folder + "/e"
    let file = try DiskFile(path: path, isNew: true)
    #expect(try file.isIntact())
    switch change {
    case "link": try FileManager.default.linkItem(atPath: path, toPath: folder + "/f")
    case "remove": try FileSystem.remove(path)
    default: try FileSystem.replace(path, with: [1])
    }
    #expect(try !file.isIntact())
  }

  @Test func aLinkIsNotFollowedForAppending() throws {
    let target = folder + "/target"
    try FileSystem.replace(target, with: [])
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/link", withDestinationPath: target)
    #expect(throws: SystemError.self) { _ = try AppendFile(path: folder + "/link", isNew: false) }
  }

  @Test(arguments: [("/nowhere/x", true), ("/", false)])
  func readingWhatIsNoFileIsAnError(path: String, isNotFound: Bool) {
    do throws(SystemError) {
      _ = try FileSystem.read(path)
      Issue.record("read \(path)")
    } catch {
      #expect(error.isNotFound == isNotFound)
    }
  }

  @Test func tooLongAFileIsRefused() throws {
    let path = folder + "/long"
    try FileSystem.replace(path, with: [UInt8](repeating: 0, count: 100))
    #expect(throws: SystemError.self) { _ = try FileSystem.read(path, byteCountMax: 99) }
    #expect(try FileSystem.read(path, byteCountMax: 100).count == 100)
  }
}
