public import HTTP

/// Groups of answers that an origin ends together: RFC 9875. Groups belong to one origin, as its
/// clients name it; whoever asked, of whichever tenant, since tenants may share an origin.
public enum CacheGroups {
  /// The groups that `field` names; nil when it is missing, or is no list of strings.
  private static func names(
    _ field: CacheField, of fields: borrowing Fields
  ) -> (strings: [[UInt8]], isWhole: Bool)? {
    var value: [UInt8] = []
    var isThere = false
    for index in 0..<fields.lines.count
    where CacheField(fields.lines[index], of: fields) == field {
      value.combine(fields.bytes(fields.lines[index]))
      isThere = true
    }
    return isThere ? TargetedField.strings(value, countMax: CacheLimits.groupCountMax) : nil
  }

  /// The tag of a group of an origin; of all that have a group, without a name.
  private static func tag(_ name: [UInt8]?, authority: [UInt8], isSecure: Bool) -> CacheTag {
    var text = KeyText()
    text.append(byte: isSecure ? 1 : 0)
    text.append(OriginName.withoutDefaultPort(authority, isSecure: isSecure))
    if let name {
      text.append(byte: 1)
      text.append(name)
    }
    return CacheTag(.group, id: text.bytes)
  }

  /// The tags of an answer that is to be stored; nil when it has more groups than can be watched,
  /// empty when it has none.
  static func tags(
    of response: borrowing ResponseHead, authority: [UInt8], isSecure: Bool
  ) -> [CacheTag]? {
    guard let (names, isWhole) = names(.cacheGroups, of: response.fields), !names.isEmpty else {
      return []
    }
    guard isWhole else { return nil }
    return [tag(nil, authority: authority, isSecure: isSecure)]
      + names.map { tag($0, authority: authority, isSecure: isSecure) }
  }

  /// What an origin's answer to a request that may have changed something ends beside its targets.
  /// More names than are read end whatever has a group.
  public static func ended(
    by response: borrowing ResponseHead, to request: borrowing RequestHead
  ) -> [CacheTag] {
    guard let (names, isWhole) = names(.cacheGroupInvalidation, of: response.fields) else {
      return []
    }
    let (authority, isSecure) = (request.authority, request.isSecure)
    guard isWhole else { return [tag(nil, authority: authority, isSecure: isSecure)] }
    return names.map { tag($0, authority: authority, isSecure: isSecure) }
  }

  /// Whether an answer says what its groups are.
  static func areNamed(in response: borrowing ResponseHead) -> Bool {
    names(.cacheGroups, of: response.fields) != nil
  }
}
