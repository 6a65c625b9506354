import HTTP

/// Field names that caching acts upon and `KnownField` does not tell apart.
enum CacheField: Sendable {
  case accessControlAllowOrigin, cacheGroupInvalidation, cacheGroups, cdnCacheControl
  case clearSiteData, contentLocation
  case contentRange, expires, homewardCacheControl, ifMatch, ifModifiedSince, ifNoneMatch, ifRange
  case ifUnmodifiedSince, lastModified, location, pragma, range, vary

  /// Recognises the line's name; by length first, so that most names cost no comparison.
  @inline(__always)
  init?(_ line: Fields.Line, of fields: borrowing Fields) {
    guard line.known == .other else { return nil }
    let candidates: (StaticString, CacheField, StaticString, CacheField)
    switch line.nameCount {
    case 4: candidates = ("vary", .vary, "", .vary)
    case 5: candidates = ("range", .range, "", .range)
    case 6: candidates = ("pragma", .pragma, "", .pragma)
    case 7: candidates = ("expires", .expires, "", .expires)
    case 8:
      if fields.isNamed(line, "location") {
        self = .location
        return
      }
      candidates = ("if-match", .ifMatch, "if-range", .ifRange)
    case 12: candidates = ("cache-groups", .cacheGroups, "", .cacheGroups)
    case 13:
      if fields.isNamed(line, "content-range") {
        self = .contentRange
        return
      }
      candidates = ("if-none-match", .ifNoneMatch, "last-modified", .lastModified)
    case 15: candidates = ("clear-site-data", .clearSiteData, "", .clearSiteData)
    case 16: candidates = ("content-location", .contentLocation, "", .contentLocation)
    case 17:
      candidates = ("if-modified-since", .ifModifiedSince, "cdn-cache-control", .cdnCacheControl)
    case 19: candidates = ("if-unmodified-since", .ifUnmodifiedSince, "", .ifUnmodifiedSince)
    case 22:
      candidates = ("homeward-cache-control", .homewardCacheControl, "", .homewardCacheControl)
    case 24:
      candidates = (
        "cache-group-invalidation", .cacheGroupInvalidation, "", .cacheGroupInvalidation
      )
    case 27:
      candidates = (
        "access-control-allow-origin", .accessControlAllowOrigin, "", .accessControlAllowOrigin
      )
    default: return nil
    }
    if fields.isNamed(line, candidates.0) {
      self = candidates.1
    } else if fields.isNamed(line, candidates.2) {
      self = candidates.3
    } else {
      return nil
    }
  }
}

extension Fields {
  /// The value of `line` as bytes of its own; for paths on which an origin is asked anyhow.
  func bytes(_ line: Line) -> [UInt8] {
    Array(bytes[Int(line.valueStart)..<Int(line.valueStart + line.valueCount)])
  }
}

extension [UInt8] {
  /// Appends one more line of the same field: lines combine in order (RFC 9110 section 5.3).
  mutating func combine(_ line: [UInt8]) {
    if !isEmpty { append(contentsOf: [0x2C, 0x20]) }
    append(contentsOf: line)
  }
}
