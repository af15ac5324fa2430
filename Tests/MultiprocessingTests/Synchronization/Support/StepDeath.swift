import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Operations in which a process is killed before each of its steps in turn: every access to a shared word is one.
enum StepDeath {
  /// Whether all steps are tried.
  static let isComplete = ProcessInfo.processInfo.environment["MP_PROVE"] != nil

  /// Calls `trial` with 1, 2, 3 … until it says that its victim lived to the end: then all steps were tried. Without
  /// `MP_PROVE` only some steps, other ones in each run.
  static func tryAll(_ what: String, _ trial: (Int) async throws -> Bool) async throws {
    var tried = 0
    // Which other process is where at that moment differs from time to time.
    for _ in 0..<(isComplete ? 3 : 1) {
      var step = isComplete ? 1 : Int.random(in: 1...4)
      while try await !trial(step) {
        tried += 1
        step += isComplete ? 1 : Int.random(in: 1...6)
      }
    }
    print("killed at \(tried) steps of \(what)")
  }

  /// Runs `body` in a process that dies before its `step`-th step.
  static func run(_ step: Int, _ body: () throws -> Void) rethrows {
    Steps.die(before: step)
    defer { Steps.die(before: 0) }
    try body()
  }
}

extension Trait where Self == ConditionTrait {
  /// Only in builds that count steps.
  static var steps: ConditionTrait { .enabled(if: Steps.areCounted, "this build does not count steps") }
}
