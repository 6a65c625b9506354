extension Ambiguity {
  /// The careful answer that stands in for what is not known, for people.
  public var safeDefault: StaticString {
    switch self {
    case .none: "nothing was assumed"
    case .emptyParameter: "a parameter without a value narrows nothing and names no patient"
    case .derivedFromID: "the id's prefix is taken for the patient's id"
    case .untypedReference: "a reference without a type is taken for a patient's id"
    case .mentioned: "the only patient who is mentioned is taken for the subject"
    case .unknownParameter: "a parameter that is not known keeps the request from replicas"
    case .modifier: "a value with such a modifier narrows nothing and names no patient"
    case .joined: "what comes along may be of any class and any patient: mixed, restricted"
    case .chained: "what is selected through another resource is mixed and may be restricted"
    case .identifierSearch: "a business identifier is no id: the patient is unknown"
    case .absoluteReference: "an absolute reference may mean another server's patient: unknown"
    case .noPatient: "no patient is named: unknown, and a search counts as one of a population"
    case .newPatient: "a patient that is being made has no home yet: unknown"
    case .severalPatients: "several patients: served only where one region is home to all"
    case .pagingToken: "an opaque token may belong to anybody's page: patient unknown, primary"
    case .body: "the body decides and was not looked at: patient unknown, highest class"
    case .unreadableBody: "the body cannot be judged: patient unknown, highest class, primary"
    case .largeBody: "the body is too long to be judged: patient unknown, highest class, primary"
    case .graphQL: "a query language of its own: patient unknown, mixed, primary"
    case .unknownType: "a resource type that is not known may hold anything: primary"
    case .unknownOperation: "an operation that is not known may change anything: primary"
    case .notFHIR: "no configured path covers the request: everything is unknown"
    case .unreadableAnswer: "an answer that cannot be read for labels: mixed, sensitivity unknown"
    case .labelled: "the answer is taken for what its labels and codes say, not the request"
    }
  }
}

extension ClassificationRefusal {
  /// Why the request is answered with 400 or 422, for people.
  public var sentence: StaticString {
    switch self {
    case .malformedPath: "the path can be read in two ways"
    case .malformedQuery: "the query has a broken escape, or a byte that no query may hold"
    case .malformedID: "an id is not 1 to 64 letters, digits, `-` and `.`"
    case .twoPatients: "the request names two patients"
    case .tooManyParameters: "there are more parameters, entries or patients than are looked at"
    case .malformedBody: "the body is not what its content type or the interaction says"
    case .duplicateKey: "a name that decides stands twice in one object, or in another spelling"
    case .bodyContradicts: "the body names another type, id or patient than the target"
    }
  }
}
