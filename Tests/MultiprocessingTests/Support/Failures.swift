import Foundation
import Testing

@testable import Multiprocessing

/// The error of the library's with which the value of a child fails.
func failure<Output>(
  of child: ChildProcess<Output>, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> MultiprocessingError {
  try await #require(throws: MultiprocessingError.self, sourceLocation: sourceLocation) { _ = try await child.value }
}

/// Expects that a start is refused with a code, and that no process was made for it.
@discardableResult
func expectRefusal<Output>(
  _ code: MultiprocessingError.Code, sourceLocation: SourceLocation = #_sourceLocation,
  of start: () throws -> ChildProcess<Output>
) throws -> MultiprocessingError {
  let before = OwnResources.now().children
  let error = try #require(throws: MultiprocessingError.self, sourceLocation: sourceLocation) { _ = try start() }
  #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  // A program that another suite starts is for a moment a copy of this one. Earlier ones may have ended meanwhile.
  let deadline = ContinuousClock.now + .seconds(20)
  func added() -> Set<ProcessID> {
    OwnResources.now().children.union(CurrentProcess.activeChildren.map(\.id)).subtracting(before)
  }
  var left = added()
  while !left.isEmpty, ContinuousClock.now < deadline {
    usleep(10_000)
    left = added()
  }
  #expect(left.isEmpty, sourceLocation: sourceLocation)
  return error
}

/// Expects the runtime's last words. In release builds it prints none for a bad index, a nil unwrap or a precondition.
func expectMessage(
  of crash: CrashReport, _ message: String?, sourceLocation: SourceLocation = #_sourceLocation
) {
  #if DEBUG
    #expect(crash.message == message, sourceLocation: sourceLocation)
  #else
    #expect(crash.message == nil || crash.message == message, sourceLocation: sourceLocation)
  #endif
}
