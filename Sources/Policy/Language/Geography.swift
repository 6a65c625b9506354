public import Base

/// The codes that exist, so that a typing error in a place is found and not merely never matched.
public enum Geography {
  /// ISO 3166-1 alpha-2.
  static let countries = Set(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ \
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW \
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY \
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV \
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY \
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA \
    ZM ZW
    """.split(separator: " ").map(String.init))

  /// ISO 3166-2:US: the states, the District of Columbia and the outlying areas.
  static let statesOfUS = Set(
    """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM \
    NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI
    """.split(separator: " ").map { "US-\($0)" })

  /// The place that `text` names, or nil when there is none; subdivisions outside the United
  /// States are checked by form only.
  public static func place(_ text: String) -> Place? {
    guard let place = Place(text), countries.contains(String(text.prefix(2))) else { return nil }
    if text.hasPrefix("US-"), !statesOfUS.contains(text) { return nil }
    return place
  }

  /// What was probably meant by `text`.
  public static func suggestion(for text: String) -> String? {
    let upper = text.uppercased()
    if place(upper) != nil { return upper }
    let withCountry = "US-\(upper)"
    return statesOfUS.contains(withCountry) ? withCountry : nil
  }
}
