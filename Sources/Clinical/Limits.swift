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
}
