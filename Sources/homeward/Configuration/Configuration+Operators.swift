internal import Reactor
internal import StrictYAML

extension Configuration {
  /// Where operators' orders about regions are kept.
  struct Operators: Sendable, Equatable {
    /// The folder; made by the first act.
    var directory: String
    /// Where this edge keeps what it read there last, for a start without the folder; nil: nowhere.
    var copy: String?
    /// The programs that hooks of plans may be that came over the admin API; whole paths.
    var hookCommands: [String] = []
  }
}

extension Configuration.Operators {
  /// Reads `operators`.
  init(_ reader: MappingReader, _ paths: ConfigurationPaths) {
    directory = paths.writableFolder("directory", in: reader)
    copy = paths.optionalLaxPath("copy", in: reader)
    hookCommands = reader.strings("hook_commands", isRequired: false)
    for command in hookCommands {
      let mark = reader.mark(of: "hook_commands")
      if !command.hasPrefix("/") {
        reader.diagnostics.error(
          .path, at: mark,
          "`hook_commands` holds whole paths of programs such as `/usr/local/sbin/fence`, not"
            + " `\(command)`")
      } else if (try? paths.files.status(of: command))?.kind != .file {
        reader.diagnostics.error(
          .missingFile, at: mark, "program `\(command)` of `hook_commands` does not exist")
      }
    }
    reader.finish()
  }
}
