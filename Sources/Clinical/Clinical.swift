// Clinical: what a FHIR request is about, judged from method, target and body; how an answer is
// labelled.
//
// Problem: a policy is only as right as its facts. A request misread (another patient hidden in a
// second parameter or in a batch's entry, a search that may return psychotherapy notes) is a
// breach, so all that cannot be proved from the request takes the careful answer and says why.
// Shape: `Classifier` walks the target once and fills a `Classification`; its knowledge lies in
// tables (`ResourceCatalogue`, `ParameterCatalogue`, `TokenCatalogue`). `Classification.bodyNeed`
// says whether the body decides; `BodyScan` reads it in pieces and joins both. `ResponseLabels`
// reads an answer as it passes. Both stand on `JSONScanner`. Who a patient is says the target
// `Directory`.
// Limits: JSON and forms are judged; XML, multipart and encoded bodies are `unreadableBody`, with
// the safe default. Codes are looked up, not inferred: a code that no row has never narrows.
// Judging a head allocates nothing; scans keep their memory. Nothing here reads a file or a clock.
