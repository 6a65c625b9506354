import Base
import Foundation
import Testing

@testable import Clinical

/// Texts that RFC 8259 allows.
private let good: [String] = [
  "{}", "[]", " { } ", "\t[\r\n]\n", "0", "-0", "12", "-1.5", "1e9", "1E+9", "0.5e-3", "-0.0E0",
  "true", "false", "null", "\"\"", "\"a\"", #""\"\\\/\b\f\n\r\t""#, #""\u0041\u00e9\u20AC""#,
  #""\uD83D\uDE00""#, "\"é€😀\"", #"{"a":1,"b":[true,null,{"c":"d"}]}"#, "[1,2,3]", "[[],[[]]]",
  #"{"a":{"a":{"a":[]}}}"#, #"{"":""}"#, "\"\u{7F}\"", #"["\u0000"]"#, "[-1,0,10e1]",
  #"{"a" : "b" , "c" : [ 1 , 2 ] }"#,
]

/// Texts that it does not allow, and what is wrong with them.
private let bad: [(String, JSONFault)] = [
  ("", .incomplete), ("  ", .incomplete), ("{", .incomplete), ("[1", .incomplete),
  ("\"a", .incomplete), ("tru", .incomplete), ("-", .incomplete), ("1.", .incomplete),
  ("1e", .incomplete), ("1e+", .incomplete), ("{\"a\"", .incomplete), ("{\"a\":", .incomplete),
  ("[1,]", .syntax), ("{\"a\":1,}", .syntax), ("{,}", .syntax), ("[,1]", .syntax),
  ("{\"a\" 1}", .syntax), ("{a:1}", .syntax), ("{'a':1}", .syntax), ("[1 2]", .syntax),
  ("[1}", .syntax), ("{\"a\":1]", .syntax), ("01", .syntax), ("-01", .syntax), ("+1", .syntax),
  (".5", .syntax), ("1.e3", .syntax), ("0x1", .trailing), ("[0x1]", .syntax), ("1e1.5", .trailing),
  ("NaN", .syntax), ("Infinity", .syntax), ("nul1", .syntax), ("True", .syntax),
  ("{} {}", .trailing), ("[]]", .trailing), ("1 2", .trailing), ("\u{FEFF}{}", .syntax),
  ("{\"a\":1//x\n}", .syntax), ("/* */{}", .syntax), ("[1]\u{0C}", .trailing),
  ("\"\n\"", .string), ("\"\t\"", .string), ("\"\u{0}\"", .string), (#""\x41""#, .string),
  (#""\u12G4""#, .string), (#""\uD83D""#, .string), (#""\uDE00""#, .string),
  (#""\uD83Dx""#, .string), (#""\uD83D\n""#, .string), (#""\uD83D\u0041""#, .string),
  (#""\uD83D\uD83D""#, .string),
]

@Test(arguments: good)
func allowedTextsAreRead(text: String) throws {
  let reading = read([ArraySlice(text.utf8)])
  #expect(reading.fault == nil)
  let value = try JSONSerialization.jsonObject(
    with: Data(text.utf8), options: .fragmentsAllowed)
  #expect(reading.tree == JSONTree(value))
}

@Test(arguments: bad)
func otherTextsAreRefused(text: String, fault: JSONFault) {
  #expect(read([ArraySlice(text.utf8)]).fault == fault)
}

@Test(
  arguments: [
    [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
    [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
    [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28],
  ] as [[UInt8]])
func whatIsNotUTF8IsRefused(bytes: [UInt8]) {
  #expect(read([ArraySlice([0x22] + bytes + [0x22])]).fault == .encoding)
  #expect(read([ArraySlice([0x7B, 0x22] + bytes + [0x22, 0x3A, 0x30, 0x7D])]).fault == .encoding)
}

@Test func levelsAreBounded() {
  let most = ClinicalLimits.jsonDepthMax
  let deep = String(repeating: "[", count: most) + String(repeating: "]", count: most)
  #expect(read([ArraySlice(deep.utf8)]).fault == nil)
  #expect(read([ArraySlice("[\(deep)]".utf8)]).fault == .depth)
}

@Test func longStringsAreCutButChecked() {
  let long = "\"" + String(repeating: "x", count: 10_000)
  #expect(
    read([ArraySlice((long + "\"").utf8)], textBytesMax: 16).tree
      == .string(String(repeating: "x", count: 16)))
  #expect(read([ArraySlice((long + "\u{1}\"").utf8)], textBytesMax: 16).fault == .string)
}

/// Cut anywhere, in two pieces or in single bytes, a text reads the same.
@Test(arguments: good + bad.map(\.0))
func cutsChangeNothing(text: String) {
  let bytes = ArraySlice(text.utf8)
  let whole = read([bytes])
  for cut in 0...bytes.count {
    #expect(read([bytes[..<cut], bytes[cut...]]) == whole, "cut at \(cut)")
  }
  #expect(read(bytes.indices.map { bytes[$0...$0] }) == whole)
}

/// Random documents, most of them damaged a little: Foundation's reader and ours agree.
@Test(arguments: 0..<12 as Range<UInt64>)
func foundationAgrees(seed: UInt64) {
  var random = SplitMix64(seed: seed)
  var (allowed, refused) = (0, 0)
  for _ in 0..<400 {
    var bytes = Array(randomJSON(depth: 5, using: &random).utf8)
    if Int.random(in: 0..<3, using: &random) > 0 { damage(&bytes, using: &random) }
    let ours = read([ArraySlice(bytes)])
    // Foundation guesses other encodings from NUL bytes and marks, and cannot hold some numbers.
    if bytes.contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) { continue }
    let theirs = try? JSONSerialization.jsonObject(
      with: Data(bytes), options: .fragmentsAllowed)
    if let theirs {
      #expect(ours.tree == JSONTree(theirs), "\(String(decoding: bytes, as: UTF8.self))")
      allowed += 1
    } else {
      #expect(ours.fault != nil, "\(String(decoding: bytes, as: UTF8.self))")
      refused += 1
    }
  }
  #expect(allowed > 100 && refused > 50)
}

/// A random document in all of JSON's notations.
func randomJSON(depth: Int, using random: inout SplitMix64) -> String {
  let space = [" ", "", "", "\n", "\t"].randomElement(using: &random) ?? ""
  let strings = [
    "a", "Patient/1", "\\u00e9", "\\uD83D\\uDE00", "é", "😀", "\\\\", "\\\"", "resourceType", "",
  ]
  func string() -> String {
    "\""
      + (0..<Int.random(in: 0..<4, using: &random))
      .map { _ in strings.randomElement(using: &random) ?? "" }.joined() + "\""
  }
  switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
  case 0: return ["0", "-1", "2.5", "1e3", "-0.5E-2"].randomElement(using: &random) ?? "0"
  case 1: return ["true", "false", "null"].randomElement(using: &random) ?? "null"
  case 2, 3, 4: return string()
  case 5:
    let items = (0..<Int.random(in: 0..<4, using: &random))
      .map { _ in randomJSON(depth: depth - 1, using: &random) }
    return "[" + space + items.joined(separator: "," + space) + "]" + space
  default:
    let members = (0..<Int.random(in: 0..<4, using: &random)).map {
      "\"\($0)" + string().dropFirst() + ":" + space + randomJSON(depth: depth - 1, using: &random)
    }
    return "{" + space + members.joined(separator: space + ",") + "}"
  }
}

/// Changes, drops or doubles a byte or two.
func damage(_ bytes: inout [UInt8], using random: inout SplitMix64) {
  let alphabet = Array("{}[]\":,\\u0aeE+-.d8 tfn\n\u{1}".utf8) + [0x80, 0xC3, 0xFF]
  for _ in 0...Int.random(in: 0..<2, using: &random) where !bytes.isEmpty {
    let index = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<3, using: &random) {
    case 0: bytes[index] = alphabet.randomElement(using: &random) ?? 0
    case 1: bytes.remove(at: index)
    default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: index)
    }
  }
}
