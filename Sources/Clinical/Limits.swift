/// The bounds that a request can meet here.
public enum ClinicalLimits {
  /// Characters in a FHIR id (R4 `id` datatype).
  public static let idBytesMax = 64
  /// Query parameters in one request: FHIR clients send a dozen; a hostile one must not buy work.
  public static let parametersMax = 128
  /// Comma-separated elements of one parameter's value, for the same reason.
  public static let elementsMax = 256
  /// Decoded bytes of a parameter's name or of one element; longer ones are never recognised.
  public static let decodedBytesMax = 256
  /// Patterns of paths outside FHIR: a portal, an imaging service and some endings have twenty;
  /// each request outside FHIR tries all of them.
  public static let pathPatternsMax = 256
  /// Bytes of one such pattern.
  public static let pathPatternBytesMax = 256
  /// Levels of a JSON document: a deep questionnaire has about thirty, and a bit of one word each
  /// is all the memory that a scanner spends on them.
  public static let jsonDepthMax = 64
  /// Bytes of a search's form: a URL may have 8 KiB, a long list of codes some times that.
  public static let formBytesMax = 64 << 10
  /// Bytes of one resource or of a patch: most have 1 to 10 KiB, a document with a scan far more.
  public static let resourceBytesMax = 4 << 20
  /// Bytes of a batch or transaction: a discharge has some hundred entries of a KiB or two. The
  /// scan keeps none of them, but the edge holds them back until they are judged.
  public static let bundleBytesMax = 8 << 20
  /// Entries of a batch or transaction: each costs about a request's classification.
  public static let entriesMax = 2_048
  /// Bytes of an entry's URL or of a reference.
  public static let bodyTextBytesMax = 2_048
  /// Different patients in one body: a bit of one word each.
  public static let bodyPatientsMax = 64
  /// Codings of one resource by which it may be narrowed; with more it is not.
  public static let bodyCodingsMax = 8
  /// Bytes kept of a string in an answer: the longest URI of a code system that matters has 72.
  public static let labelTextBytesMax = 128
}
