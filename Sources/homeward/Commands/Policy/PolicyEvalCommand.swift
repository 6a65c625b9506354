internal import ArgumentParser
internal import Policy
internal import Reactor

/// `homeward policy eval`: decisions about many requests, for programs.
struct PolicyEvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Decide requests: one JSON object a line in, one a line out.",
    discussion: """
      Decides as the edge does, by facts alone. A line that is no request gives an object with \
      `error` and `line` in its place, and a complaint on the error stream. policies/README.md \
      describes both forms.

      Example:
        echo '{"operation": "read", "data_class": "reference", "location": "US-AZ"}' |
          homeward policy eval policies/clinical-routing/0001.yaml --requests -

      Exit status: 0 done, 1 a line could not be read, 2 wrong usage, requests that cannot be \
      read, or a policy that cannot be used.
      """)

  @Argument(help: ArgumentHelp("The policy file.", valueName: "file"))
  var file: String

  @Option(
    name: .long,
    help: ArgumentHelp("The file of requests, or - for standard input.", valueName: "file"))
  var requests: String

  /// Output is written in pieces of about this size.
  private static let pieceByteCount = 1 << 16

  /// Decides every line.
  func run() throws {
    let (policy, _) = try PolicyFile.usable(file)
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileSystem.read(requests == "-" ? "/dev/stdin" : requests)
    } catch {
      throw ValidationError("`\(requests)`: \(error)")
    }
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var piece = ""
    var hasFault = false
    for (index, line) in lines.enumerated() {
      let answer = Self.decide(line, number: index + 1, policy)
      piece += answer.json + "\n"
      if let fault = answer.fault {
        hasFault = true
        StandardStream.error.write("\(requests):\(index + 1):\(fault.column): error: \(fault)\n")
      }
      if piece.utf8.count >= Self.pieceByteCount {
        StandardStream.output.write(piece)
        piece = ""
      }
    }
    StandardStream.output.write(piece)
    if hasFault { throw ExitCode(1) }
  }

  /// The decision about the request in line `number`, or what is wrong with it.
  static func decide(
    _ line: some Collection<UInt8>, number: Int, _ policy: Policy
  ) -> (json: String, fault: RequestTextFault?) {
    do throws(RequestTextFault) {
      let text = String(decoding: line, as: UTF8.self)
      return (policy.decisionJSON(try RequestText.facts(text, for: policy)), nil)
    } catch {
      return (error.json(line: number), error)
    }
  }
}
