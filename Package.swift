// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// With MP_CORE_ONLY set, the core and its tests alone: for builds with sanitizers, which need no more.
let isCoreOnly = Context.environment["MP_CORE_ONLY"] != nil
/// With MP_LIBRARY_ONLY set, the libraries and their tests: without the programs, which other steps build.
let isLibraryOnly = Context.environment["MP_LIBRARY_ONLY"] != nil

let package = Package(
  name: "swift-multiprocessing",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Multiprocessing", targets: ["Multiprocessing"]),
    .library(name: "MultiprocessingAuthentication", targets: ["MultiprocessingAuthentication"]),
    .executable(name: "mp", targets: ["mp"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    .target(name: "CMultiprocessing"),
    .target(
      name: "MultiprocessingSystem", dependencies: ["CMultiprocessing"], swiftSettings: settings),
    .target(
      name: "Multiprocessing",
      dependencies: ["MultiprocessingSystem", .product(name: "Logging", package: "swift-log")],
      exclude: [
        "Transfer/README.md", "Processes/README.md", "Pools/README.md", "SharedMemory/README.md",
        "Synchronization/README.md", "Channels/README.md", "Channels/CONNECTIONS.md",
        "Processes/Internal/Rings/README.md",
      ],
      swiftSettings: settings),
    .target(
      name: "MultiprocessingAuthentication", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings),
    .executableTarget(
      name: "mp",
      dependencies: [
        "Multiprocessing", "MultiprocessingSystem",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "examples",
      dependencies: [
        "Multiprocessing", "MultiprocessingAuthentication", .product(name: "Logging", package: "swift-log"),
      ],
      path: "Examples", exclude: ["Apps"], swiftSettings: settings),
    .executableTarget(
      name: "word-count", dependencies: ["Multiprocessing"], path: "Examples/Apps/WordCount", swiftSettings: settings),
    .executableTarget(
      name: "safe-decoder", dependencies: ["Multiprocessing"], path: "Examples/Apps/SafeDecoder",
      swiftSettings: settings),
    .testTarget(
      name: "MultiprocessingSystemTests", dependencies: ["CMultiprocessing", "MultiprocessingSystem"],
      swiftSettings: settings),
    .testTarget(
      name: "MultiprocessingTests",
      dependencies: [
        "Multiprocessing", "MultiprocessingAuthentication", "MultiprocessingSystem",
        .product(name: "Logging", package: "swift-log"),
      ],
      exclude: ["Channels/Support/client.py"], swiftSettings: settings),
    .testTarget(name: "ExampleTests", swiftSettings: settings),
    .testTarget(name: "ProgramTests", swiftSettings: settings),
  ]
)

if isLibraryOnly {
  package.products.removeLast()
  package.dependencies.remove(at: 1)
  let programs = ["mp", "examples", "word-count", "safe-decoder", "ExampleTests", "ProgramTests"]
  package.targets.removeAll { programs.contains($0.name) }
}

if isCoreOnly {
  package.products = package.products.filter { $0.name == "Multiprocessing" }
  package.dependencies.removeLast(2)
  let core = ["CMultiprocessing", "MultiprocessingSystem", "Multiprocessing", "MultiprocessingSystemTests"]
  package.targets = package.targets.filter { core.contains($0.name) }
  package.targets.append(
    .testTarget(
      name: "MultiprocessingTests",
      dependencies: ["Multiprocessing", "MultiprocessingSystem", .product(name: "Logging", package: "swift-log")],
      exclude: [
        "Channels/Support/client.py", "Channels/ListenerAuthenticationTests.swift", "Channels/ListenerTests.swift",
      ],
      swiftSettings: settings))
}
