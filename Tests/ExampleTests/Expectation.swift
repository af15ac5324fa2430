internal import Testing

/// What a program must print when it is run on its own.
struct Expectation: Sendable, CustomTestStringConvertible {
  let program: String
  let output: [Rule]
  let errorOutput: [Rule]
  /// Whether rules tell of times: those may be broken on a busy machine, but not every time.
  let isTimed: Bool

  init(_ program: String, _ output: Rule..., errorOutput: [Rule] = [], isTimed: Bool = false) {
    self.program = program
    self.isTimed = isTimed
    self.output = output
    self.errorOutput = errorOutput
  }

  var testDescription: String { program }

  static let all =
    background + starting + names + daemons + ending + isolation + output + parallelism + sharing + queues + channels
    + pools

  /// A measured time, as `Duration` prints it.
  static let seconds = #"([0-9.e-]+) seconds"#
  /// The identifier of a process.
  static let identifier = #"\d+"#
}

extension ProgramRun {
  /// The time printed after a title.
  func time(_ title: String) throws -> Double {
    try captures("\(title): \(Expectation.seconds)").first.flatMap(Double.init) ?? .nan
  }
}
