internal import Base
internal import Control
internal import Directory
internal import Native
internal import Policy
internal import Reactor
internal import StrictYAML

/// What reading a configuration gave: everything that is needed to start, or every reason not to.
///
/// Made by one thread, at start and on reload; nothing is opened for good and nothing is changed.
struct ConfigurationLoad {
  /// The configuration; nil when there is an error in any of the files.
  var configuration: Configuration?
  /// The content hash of the configuration's file; empty when that cannot be read.
  var contentHash = ""
  /// The policy that the configuration names; nil when it cannot be used.
  var policy: Policy?
  /// The version before, when a phase of the policy asks for it.
  var superseded: Policy?
  /// The version that is shadowed.
  var successor: Policy?
  /// The version in force, for a policy with versions.
  var active: ActiveVersion?
  /// Who must approve versions; nil for a policy without them.
  var approvalRule: ApprovalRule?
  /// The patients, homes counted as the policy's regions and then those that only have endpoints;
  /// nil when either cannot be used.
  var directory: PatientDirectory?
  /// All complaints: the configuration's, the policy's, the directory's, each by position.
  var diagnostics: [Diagnostic] = []
  /// What is as it should be, but worth knowing.
  var notes: [String] = []

  /// Bytes of a configuration or policy file: 5,000 rules are under 2 MiB.
  static let textByteCountMax = 8 << 20

  /// Whether anything is wrong.
  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Reads and checks the configuration at `path`, and all it names.
  ///
  /// `opensMaterial` says whether certificates and databases are opened by the libraries that will
  /// use them; tests with a file system of their own cannot.
  static func load(
    _ path: String, files: any FileView = SystemFiles(), opensMaterial: Bool = true
  ) -> ConfigurationLoad {
    var load = ConfigurationLoad()
    guard let diagnostics = TextFile.open(path, "the configuration", files, &load.diagnostics)
    else { return load }
    load.contentHash = "\(ContentHash(of: Array(diagnostics.text.utf8)))"
    let paths = ConfigurationPaths(folder: FileSystem.directory(of: path), files: files)
    let root = Document.parse(diagnostics)
    let configuration = Configuration.read(root, diagnostics, paths)
    var others: [Diagnostic] = []
    if let source = configuration.policy.lifecycle {
      load.takeActivePolicy(source, paths, diagnostics, &others)
    } else {
      load.policy = policy(configuration.policy.file, paths, &others)
    }
    var homes: [String]?
    if let policy = load.policy {
      let idle = Configuration.Region.check(root, PolicyRegions(policy), diagnostics)
      load.notes += idle.map {
        "region `\($0)`: the policy does not name it, so it gets no requests until a version does"
      }
      homes = policy.regions.map(\.name) + idle
    }
    if let signed = configuration.directory.signed {
      if opensMaterial {
        load.directory = signedDirectory(signed, homes: homes, paths, diagnostics)
      }
    } else {
      load.directory = plainDirectory(
        configuration.directory.file, homes: homes, paths, &others)
    }
    if let cache = configuration.cache, let policy = load.policy {
      load.notes += cache.check(policy, diagnostics)
    }
    if root != nil { checkMaterial(configuration, paths, diagnostics, opens: opensMaterial) }
    load.diagnostics += diagnostics.sorted() + paths.complaints + others
    if root != nil, configuration.location == nil {
      load.notes.append(
        "no `location`: where a user is stays unknown, and rules that ask for it match `unknown`")
    }
    if root != nil, configuration.identity == nil {
      load.notes.append(
        "no `identity`: tokens are not read, and rules that ask who a user is match `unknown`")
    }
    if load.active == nil, let policy = load.policy, policy.needsPredecessor {
      load.notes.append(
        "`phases`: a single policy file has no version before it, so everything is enforced")
    }
    if !load.hasErrors { load.configuration = configuration }
    return load
  }

  /// The policy in the file at `path`, proved and tested as a version is; nil when it cannot be
  /// read, or when the configuration named none. What it must not do is among the complaints.
  private static func policy(
    _ path: String, _ paths: ConfigurationPaths, _ complaints: inout [Diagnostic]
  ) -> Policy? {
    // A file that is not there was reported where the configuration names it.
    guard paths.isUsable(path),
      let source = TextFile.open(path, "the policy", paths.files, &complaints)
    else { return nil }
    let hash = SHA256.hash(Array(source.text.utf8))
    let (policy, diagnostics) = Policy.load(text: source.text, file: path, hash: "\(hash)")
    complaints += diagnostics
    guard let policy else { return nil }
    // Nobody signed it: what `activate` would refuse of a version is refused here.
    complaints += Analysis.report(policy).diagnostics(file: path, text: source.text)
      .filter { $0.severity == .error }
    complaints += policy.complaints(about: policy.runTests(), in: source)
    return policy
  }
}

extension PolicyRegions {
  /// The regions of a loaded policy.
  init(_ policy: Policy) {
    self.init(policyName: policy.name, names: policy.regions.map(\.name))
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
      bytes = try files.read(path, byteCountMax: ConfigurationLoad.textByteCountMax)
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
