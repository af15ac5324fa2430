import XCTest

@testable import Multiprocessing

/// Children are entered under XCTest too: its runner is another main than Swift Testing's.
final class XCTestEntryTests: XCTestCase {
  func testChildRunsTheClosureAndNotTheTests() async throws {
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(20, context: ProcessContext(method)) { $0 + 1 }
      let value = try await child.value
      XCTAssertEqual(value, 21)
      let status = try await child.join()
      XCTAssertEqual(status, .exited(0))
    }
  }

  func testPoolRunsTasksAndSurvivesACrash() async throws {
    let (squares, code) = try await withProcessPool(workers: 2) { pool in
      var code: MultiprocessingError.Code?
      do {
        _ = try await pool.run([1, 2], 5) { numbers, index in numbers[index] }
      } catch let error as MultiprocessingError {
        code = error.code
      }
      return (try await pool.map(1...3) { $0 * $0 }, code)
    }
    XCTAssertEqual(squares, [1, 4, 9])
    XCTAssertEqual(code, .childCrashed)
  }

  func testForkedCopyAnswers() throws {
    let captured = [1, 2, 3]
    let child = try ChildProcess.fork { captured.reduce(0, +) }
    XCTAssertEqual(try child.blocking.value(), 6)
  }
}
