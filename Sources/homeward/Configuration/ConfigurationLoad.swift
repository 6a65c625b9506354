internal import Reactor
internal import StrictYAML

/// What reading a configuration gave: everything that is needed to start, or every reason not to.
///
/// Made by one thread, at start and on reload; nothing is opened for good and nothing is changed.
struct ConfigurationLoad {
  /// The configuration; nil when there is an error in any of the files.
  var configuration: Configuration?
  /// All complaints: the configuration's, then the policy's, then the directory's, each by position.
  var diagnostics: [Diagnostic] = []
  /// What is as it should be, but worth knowing.
  var notes: [String] = []

  /// Bytes of a configuration file: a thousand endpoints are under 256 KiB.
  static let fileByteCountMax = 4 << 20

  /// Whether anything is wrong.
  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Reads and checks the configuration at `path`, and all it names.
  static func load(_ path: String, files: any FileView = SystemFiles()) -> ConfigurationLoad {
    var load = ConfigurationLoad()
    guard let diagnostics = TextFile.open(path, "the configuration", files, &load.diagnostics)
    else { return load }
    let paths = ConfigurationPaths(folder: FileSystem.directory(of: path), files: files)
    let root = Document.parse(diagnostics)
    let configuration = Configuration.read(root, diagnostics, paths)
    if !diagnostics.hasErrors { checkMaterial(configuration, paths, diagnostics) }
    load.diagnostics += diagnostics.sorted()
    if configuration.location == nil {
      load.notes.append(
        "no `location`: where a user is stays unknown, and rules that ask for it match `unknown`")
    }
    if !load.hasErrors { load.configuration = configuration }
    return load
  }
}

/// A text file, with a place for complaints about it.
enum TextFile {
  /// Reads `path`, which is `what`; nil after a complaint in `complaints`.
  static func open(
    _ path: String, _ what: String, _ files: any FileView, _ complaints: inout [Diagnostic]
  ) -> Diagnostics? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try files.read(path, byteCountMax: ConfigurationLoad.fileByteCountMax)
    } catch {
      let diagnostics = Diagnostics(file: path, text: "")
      diagnostics.error(
        error.isNotFound ? .missingFile : .unreadableFile, at: .start,
        "\(what) cannot be read: \(error)")
      complaints += diagnostics.sorted()
      return nil
    }
    if let text = String(validating: bytes, as: UTF8.self) {
      return Diagnostics(file: path, text: text)
    }
    let diagnostics = Diagnostics(file: path, text: "")
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    let bad = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    diagnostics.error(
      Code.character.rawValue, at: Mark(line: bad + 1, column: 1), "this line is not UTF-8 text")
    complaints += diagnostics.sorted()
    return nil
  }
}
