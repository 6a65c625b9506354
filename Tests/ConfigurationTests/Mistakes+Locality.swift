/// Mistakes in the locality table, and what is said about them.
extension Mistake {
  /// The table in the place of the location database's section, so that columns are easy to count.
  private static func table(_ lines: String, _ complaints: String) -> Mistake {
    Mistake(
      "instance: edge-1", "instance: edge-1\nlocation: { database: geo.mmdb }\nlocality:\n" + lines,
      complaints)
  }

  static let locality: [Mistake] = [
    table("  default: [us-west]\n  US: [us-west]\n  US-AZ: [us-west]", ""),
    table(
      "  default: [us-wset]",
      """
      4:13: error: `regions` has no region `us-wset`; it has us-west [E406]; did you mean `us-west`?
      """),
    table(
      "  US-AZ: [us-west, us-west]",
      """
      4:20: error: region `us-west` was used in line 4 already [E405]
      """),
    table(
      "  Arizona: [us-west]",
      """
      4:3: error: `locality` names a country or subdivision such as `US` or `US-AZ`, or `default`, \
      not `Arizona` [E208]
      """),
    table(
      "  US-XX: [us-west]\n  az: [us-west]\n  defualt: [us-west]",
      """
      4:3: error: `locality` names a country or subdivision such as `US` or `US-AZ`, or `default`, \
      not `US-XX` [E208]
      5:3: error: `locality` names a country or subdivision such as `US` or `US-AZ`, or `default`, \
      not `az` [E208]; did you mean `AZ`?
      6:3: error: `locality` names a country or subdivision such as `US` or `US-AZ`, or `default`, \
      not `defualt` [E208]; did you mean `default`?
      """),
    table(
      "  US: us-west\n  DE: []\n  FR: [[us-west]]",
      """
      4:7: error: `US` must be a list of regions, nearest first, not a single value [E203]
      5:7: error: `DE` needs at least one region [E407]
      6:8: error: an item of `FR` must be a region's name, not a list [E203]
      """),
    table(
      "  US: [us-west]\n  US: [us-west]",
      """
      5:3: error: key `US` stands twice in one mapping, first in line 4 [E102]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlocality: {}",
      """
      2:11: error: `locality` needs at least one entry [E407]
      """),
    Mistake(
      "instance: edge-1", "instance: edge-1\nlocality: { default: [us-west], US-AZ: [us-west] }",
      """
      2:33: error: `US-AZ` has no effect without `location`: no user's place is known; add \
      `location`, or keep `default` only [E410]
      """),
  ]
}
