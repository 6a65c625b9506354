// Clinical: what a FHIR request is about, judged from method and target.
//
// Problem: a policy is only as right as its facts. A request misread (another patient hidden in a
// second parameter, a search that may return psychotherapy notes) is a breach, so everything that
// cannot be proved from the request takes the careful answer and says why.
// Shape: `Classifier` walks the target once and fills a `Classification`; its knowledge lies in
// tables (`ResourceCatalogue`, `ParameterCatalogue`, `TokenCatalogue`). Who a patient is says the
// target `Directory`.
// Limits: the target is judged, the body is not: whatever a body decides is `unknown` with
// `Ambiguity.body`. Nothing here allocates per request, reads a file or a clock.
