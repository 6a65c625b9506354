/// The bounds that a request or a directory file can meet here.
public enum ClinicalLimits {
  /// Characters in a FHIR id (R4 `id` datatype).
  public static let idBytesMax = 64
  /// Query parameters in one request: FHIR clients send a dozen; a hostile one must not buy work.
  public static let parametersMax = 128
  /// Comma-separated elements of one parameter's value, for the same reason.
  public static let elementsMax = 256
  /// Decoded bytes of a parameter's name or of one element; longer ones are never recognised.
  public static let decodedBytesMax = 256
  /// Patterns of paths outside FHIR: a portal, an imaging service and some endings have twenty; each
  /// request outside FHIR tries all of them.
  public static let pathPatternsMax = 256
  /// Bytes of one such pattern.
  public static let pathPatternBytesMax = 256
  /// Levels of a JSON document: a deep questionnaire has about thirty, and a bit of one word each
  /// is all the memory that a scanner spends on them.
  public static let jsonDepthMax = 64
  /// Bytes kept of a string in an answer: the longest URI of a code system that matters has 72.
  public static let labelTextBytesMax = 128
  /// Bytes in one line of a directory file: five short columns.
  public static let directoryLineBytesMax = 512
  /// Patients in one directory: what the 32-bit table and its memory are sized for.
  public static let directoryPatientsMax = 50_000_000
  /// Errors collected before reading a directory stops.
  public static let directoryErrorsMax = 100
  /// Home regions: `PatientEntry.homeIndex` is one byte.
  public static let homesMax = 255
}
