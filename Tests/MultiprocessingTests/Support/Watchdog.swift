import Foundation
import Synchronization

/// Ends the test process when a test takes more than a minute: a wait that never ends is a finding, with a name.
///
/// On a thread of its own, because a test that blocks every thread of the cooperative pool blocks the framework's time
/// limit too.
final class Watchdog: Sendable {
  private let done = DispatchSemaphore(value: 0)

  init(of test: String, seconds: Double = 60) {
    let done = done
    Thread.detachNewThread {
      guard done.wait(timeout: .now() + seconds) == .timedOut else { return }
      FileHandle.standardError.write(Data("watchdog: \"\(test)\" takes more than \(seconds) s\n".utf8))
      kill(getpid(), SIGKILL)
    }
  }

  func stop() { done.signal() }
}

/// True as soon as `condition` holds; false when it does not within 45 seconds: a guard against a hang, not a measure.
/// Sleeps without a thread of the pool, which what is waited for may need.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(45)
  while ContinuousClock.now < deadline {
    if try condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return try condition()
}
