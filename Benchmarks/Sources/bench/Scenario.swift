/// Something that is measured here and by peers alike.
struct Scenario: Sendable {
  /// The name that peers' scripts use.
  let name: String
  let unit: String
  let measure: @Sendable (Report) async throws -> Void

  /// - Parameter measure: prepares, measures and reports each figure.
  init(_ name: String, unit: String, measure: @escaping @Sendable (Report) async throws -> Void) {
    self.name = name
    self.unit = unit
    self.measure = measure
  }

  func run() async throws { try await measure(Report(scenario: name, unit: unit)) }
}

/// Prints the figures of one scenario.
struct Report: Sendable {
  let scenario: String
  let unit: String

  /// One figure; `subject` says which way of ours was measured.
  func figure(_ subject: String, _ value: Double) {
    print("\(scenario) \(subject) \((value * 1000).rounded() / 1000) \(unit)")
  }
}
