import Foundation
import Testing

@testable import Multiprocessing

/// Runs `body` with this process's descriptor `number` going to a pipe, and returns what was written there.
///
/// For children made for that purpose: the descriptor belongs to the whole process.
func output(of number: Int32, during body: () async throws -> Void) async throws -> String {
  let pipe = Pipe()
  let before = dup(number)
  dup2(pipe.fileHandleForWriting.fileDescriptor, number)
  try pipe.fileHandleForWriting.close()
  let reading = pipe.fileHandleForReading
  let reader = Task.detached { try reading.readToEnd() ?? Data() }
  let result: Result<Void, any Error>
  do { result = .success(try await body()) } catch { result = .failure(error) }
  // What the pipe had no room for waits for a thread that writes to whatever the descriptor is then.
  if number == 2 { StandardErrorWriter.current.flush(timeout: .seconds(60)) }
  dup2(before, number)
  close(before)
  try result.get()
  return String(decoding: try await reader.value, as: UTF8.self)
}

/// Runs `body` with this process's standard error going to a pipe or terminal that is full and that nobody reads.
///
/// For children made for that purpose.
func withUnreadStandardError<Value>(
  isTerminal: Bool = false, _ body: () async throws -> Value
) async throws -> Value {
  var ends: [Int32] = [0, 0]
  if isTerminal {
    var (near, far): (Int32, Int32) = (-1, -1)
    try #require(openpty(&near, &far, nil, nil, nil) == 0)
    ends = [near, far]
  } else {
    try #require(pipe(&ends) == 0)
  }
  _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
  while write(ends[1], "x", 1) == 1 {}
  _ = fcntl(ends[1], F_SETFL, 0)
  let own = dup(2)
  dup2(ends[1], 2)
  // What is left waits with the pipe; the end of the process does not wait for both.
  defer {
    dup2(own, 2)
    close(ends[0])
  }
  signal(SIGPIPE, SIG_IGN)
  return try await body()
}
