// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let library = Target.Dependency.product(name: "Multiprocessing", package: "swift-multiprocessing")

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "swift-multiprocessing", path: "..")],
  targets: [
    .executableTarget(name: "bench", dependencies: [library], swiftSettings: settings),
    .executableTarget(name: "primes", dependencies: [library], swiftSettings: settings),
    .executableTarget(name: "limits", linkerSettings: [.linkedLibrary("m")]),
  ]
)
