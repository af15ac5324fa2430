import Foundation
import MultiprocessingSystem

@testable import Multiprocessing

/// Numbers that several processes count up, for tests.
struct SharedTally: Codable {
  let block: SharedBlock

  init() throws { block = try SharedBlock(byteCount: 256) }

  subscript(index: Int) -> UInt32 {
    get { word(index).load() }
    nonmutating set { word(index).store(newValue) }
  }

  func word(_ index: Int) -> SharedWord { SharedWord(at: block.address + 4 * index) }

  /// Adds one, atomically.
  func count(_ index: Int) { word(index).add(1) }

  /// Adds one, not atomically: right only for one at a time.
  func countAlone(_ index: Int) { self[index] = self[index] + 1 }
}

/// Whether a thread of a process sleeps now on words (`futex_waitv`, system call 449).
func isAsleep(_ process: ProcessID) -> Bool {
  let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
  return threads.contains { thread in
    let text = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/syscall", encoding: .utf8)
    return text?.hasPrefix("449 ") == true
  }
}

/// Runs `body` in a child by any start method: `task` for those that need one, `body` in a forked copy.
func start(
  _ method: StartMethod, _ task: some ProcessTask<Void>, _ body: () throws -> Void
) throws -> ChildProcess<Void> {
  method == .fork ? try ChildProcess.fork(body) : try ChildProcess.start(task, context: ProcessContext(method))
}
