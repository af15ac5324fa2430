internal import Glibc

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

  func run(only subject: String?) async throws {
    try await measure(Report(scenario: name, unit: unit, wanted: subject))
  }
}

/// Prints the figures of one scenario.
struct Report: Sendable {
  let scenario: String
  let unit: String

  /// The only subject to measure; nil: all.
  let wanted: String?

  /// Measures and prints one figure; `subject` says which way of ours it is. One that fails does not stop the others.
  func figure(_ subject: String, _ value: () throws -> Double) rethrows {
    guard isWanted(subject) else { return }
    do { show(subject, try value()) } catch { showFailure(subject, error) }
  }

  /// The same for a measurement that awaits.
  func figure(_ subject: String, _ value: () async throws -> Double) async rethrows {
    guard isWanted(subject) else { return }
    do { show(subject, try await value()) } catch { showFailure(subject, error) }
  }

  private func isWanted(_ subject: String) -> Bool { wanted.map { $0 == subject } ?? true }

  private func show(_ subject: String, _ value: Double) {
    print("\(scenario) \(subject) \((value * 1000).rounded() / 1000) \(unit)")
    // A later figure may hang, and this one is not to be lost with it.
    fflush(nil)
  }

  private func showFailure(_ subject: String, _ error: any Error) {
    let reason = "\(error)".split(separator: "\n").first ?? ""
    let line = "# \(scenario) \(subject) FAILED \(reason)\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
  }
}
