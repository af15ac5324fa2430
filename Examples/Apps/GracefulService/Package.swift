// swift-tools-version: 6.2
import PackageDescription

// A package of its own: what a service needs is no dependency of the library.
let package = Package(
  name: "graceful-service",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "swift-multiprocessing", path: "../../.."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .executableTarget(
      name: "graceful-service",
      dependencies: [
        .product(name: "Multiprocessing", package: "swift-multiprocessing"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      path: "Sources",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
      ])
  ]
)
