internal import ArgumentParser
internal import Native
internal import Policy
internal import Reactor
internal import StrictYAML

/// A policy file as a command reads it.
struct PolicyFile {
  /// The file's name as the user gave it.
  let path: String
  /// The text with a place for complaints; nil when the file cannot be read.
  let source: Diagnostics?
  /// The policy; nil after errors.
  let policy: Policy?
  /// Everything that is wrong with the file, warnings included.
  var diagnostics: [Diagnostic]

  /// Reads and checks the file at `path`.
  init(_ path: String, files: any FileView = SystemFiles()) {
    self.path = path
    diagnostics = []
    source = TextFile.open(path, "the policy", files, &diagnostics)
    guard let source else {
      policy = nil
      return
    }
    let hash = SHA256.hash(Array(source.text.utf8))
    let (policy, complaints) = Policy.load(text: source.text, file: path, hash: "\(hash)")
    self.policy = policy
    diagnostics += complaints
  }

  /// Whether something is wrong that keeps the file from use.
  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// The policy of a command that needs one; says what is wrong with the file, and exits with 2
  /// when it cannot be used.
  static func usable(_ path: String) throws -> (policy: Policy, source: Diagnostics) {
    let file = PolicyFile(path)
    StandardStream.error.write(file.diagnostics.map { "\($0)\n" }.joined())
    guard let policy = file.policy, let source = file.source else { throw ExitCode(2) }
    return (policy, source)
  }
}
