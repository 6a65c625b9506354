// swift-tools-version: 6.2
// Homeward: a policy-aware HTTP/2 edge proxy for clinical traffic.
//
// Arrows point down: a target imports only what is listed for it here; Tests/TidyTests enforces it.
import PackageDescription

/// Every Swift target is held to the same language mode, import visibility and memory-safety rules.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library target below `Sources/`, with the house rules.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

/// The test target of one or several targets, with the house rules.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

let jwtKit = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")

let package = Package(
  name: "homeward",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // C: Debian's libraries, the kernel's calls, the processor's instructions.
    .target(name: "CLinux"),
    .target(name: "CProcessor"),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
      name: "CMaxMindDB", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),

    // Ground floor.
    library("Base"),
    library("Native", ["Base", "COpenSSL", "CNGHTTP2", "CMaxMindDB"]),
    library("Reactor", ["Base", "CLinux"]),
    library("StrictYAML", ["Base", "Yams"]),

    // What the proxy knows: each is a set of pure machines and tables.
    library("HTTP", ["Base", "Native"]),
    library("Audit", ["Base", "CProcessor", "Native"]),
    library("Cache", ["Base", "HTTP", "Native"]),
    library("Clinical", ["Base"]),
    library("Directory", ["Base", "Native"]),
    library("Identity", ["Base", "Native", jwtKit]),
    library("Origins", ["Base", "HTTP"]),
    library("Policy", ["Base", "StrictYAML"]),

    // What officers and operators decide.
    library("Control", ["Base", "Native", "Origins", "Policy", "Reactor", "StrictYAML"]),
    library("Admin", ["Base", "Control", "Native", "Origins", "Policy"]),

    // The life of a request, and the driver that gives it sockets, files and time.
    library(
      "Proxy",
      [
        "Audit", "Base", "Cache", "Clinical", "Directory", "HTTP", "Identity", "Native", "Origins",
        "Policy",
      ]),
    library(
      "Edge",
      [
        "Admin", "Audit", "Base", "Cache", "Clinical", "Directory", "HTTP", "Identity", "Native",
        "Origins",
        "Policy", "Proxy", "Reactor", logging,
      ]),
    // Everything but the driver, in a simulated world; tests drive it.
    library(
      "Simulation",
      [
        "Audit", "Base", "Clinical", "Control", "Directory", "HTTP", "Native", "Origins", "Policy",
        "Proxy", "Reactor",
      ]),
    .executableTarget(
      name: "homeward",
      dependencies: [
        "Admin", "Audit", "Base", "Cache", "Clinical", "Control", "Directory", "Edge", "HTTP",
        "Identity",
        "Native", "Origins", "Policy", "Proxy", "Reactor", "StrictYAML", argumentParser, logging,
      ],
      swiftSettings: house),

    // The demo's EHR backend: independent of the edge's code, so that no bug cancels itself out.
    .executableTarget(
      name: "fixture-region",
      dependencies: [
        argumentParser, .product(name: "FlyingFox", package: "FlyingFox"),
        .product(name: "FlyingSocks", package: "FlyingFox"),
      ],
      path: "fixtures/region",
      exclude: ["README.md", "check"],
      swiftSettings: house),

    tests("BaseTests", ["Base"]),
    tests("NativeTests", ["Base", "Native"]),
    tests("ReactorTests", ["Base", "Reactor"]),
    tests("HTTPTests", ["Base", "HTTP", "Native"]),
    tests("AuditTests", ["Audit", "Base", "Native"]),
    tests("CacheTests", ["Base", "Cache", "HTTP", "Native"]),
    tests("ClinicalTests", ["Base", "Clinical"]),
    tests("DirectoryTests", ["Base", "Directory", "Native"]),
    tests("IdentityTests", ["Base", "Identity", "Native", jwtKit]),
    tests("OriginsTests", ["Base", "HTTP", "Origins"]),
    tests("PolicyTests", ["Base", "Native", "Policy", "StrictYAML"]),
    tests(
      "ControlTests", ["Base", "Control", "Native", "Origins", "Policy", "Reactor", "StrictYAML"]),
    tests("AdminTests", ["Admin", "Base", "Control", "Native", "Origins", "Policy", "StrictYAML"]),
    tests("StrictYAMLTests", ["Base", "StrictYAML"]),
    tests(
      "ProxyTests",
      [
        "Audit", "Base", "Cache", "Clinical", "Directory", "HTTP", "Identity", "Native", "Origins",
        "Policy", "Proxy",
      ]),
    tests(
      "EdgeTests",
      [
        "Admin", "Audit", "Base", "Clinical", "Directory", "Edge", "HTTP", "Identity", "Native",
        "Origins",
        "Policy", "Proxy", "Reactor", logging,
      ]),
    tests(
      "ConfigurationTests",
      [
        "homeward", "Admin", "Audit", "Base", "Clinical", "Control", "Directory", "Edge", "HTTP",
        "Identity",
        "Native", "Origins", "Policy", "Reactor", "StrictYAML", argumentParser,
      ]),
    tests("SimulationTests", ["Base", "Control", "HTTP", "Origins", "Proxy", "Simulation"]),
    tests("TidyTests", []),
  ]
)
