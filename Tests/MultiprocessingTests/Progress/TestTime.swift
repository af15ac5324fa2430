import MultiprocessingSystem
import Synchronization

@testable import Multiprocessing

/// A clock that stands still until it is moved.
final class TestTime: Sendable {
  let start = ContinuousClock.now
  private let passed = Mutex(Duration.zero)

  var now: ContinuousClock.Instant { start + passed.withLock { $0 } }

  func advance(_ duration: Duration) {
    passed.withLock { $0 += duration }
  }
}

/// Keeps every write of a reporter.
final class TestScreen: Sendable {
  private let traits: TerminalTraits
  private let lines = Mutex<[String]>([])

  init(isTerminal: Bool = true, usesColor: Bool = false, width: Int = 80) {
    traits = TerminalTraits(isTerminal: isTerminal, usesColor: usesColor, usesUnicode: true, width: width)
  }

  var writes: [String] { lines.withLock { $0 } }

  var output: ProgressOutput {
    ProgressOutput(
      traits: { self.traits },
      write: { bytes in self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } })
  }
}
