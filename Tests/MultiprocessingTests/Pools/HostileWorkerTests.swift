import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Says something to the pool by every message socket of the worker, as only the worker's own loop may.
private struct Blurt: ProcessTask {
  var kind: UInt8
  var about: UInt64
  var bytes: [UInt8] = []
  /// It does not answer after that.
  var isEndless = false

  func run() throws -> Int {
    let kind = try #require(Frame.Kind(rawValue: kind))
    for number in messageSockets() {
      let channel = FrameChannel(MessageSocket(Descriptor(sharing: dup(number))))
      for _ in 0..<3 {
        try channel.send(Frame(kind, task: about, number: 1, payload: TransferPayload(bytes: bytes)))
      }
    }
    try #require(!messageSockets().isEmpty)
    while isEndless { sleep(1) }
    return messageSockets().count
  }

  private func messageSockets() -> [Int32] {
    (3..<64).filter { number in
      var type: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      return getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == Int32(SOCK_SEQPACKET.rawValue)
    }
  }
}

/// Workers that say to their pool what they should not. It costs their tasks, never the pool's answers or its end.
@Suite(.isolated) struct HostileWorkerTests {
  @Test(arguments: StartMethod.forTasks)
  func `a worker that greets a second time is ended, with the task that it runs`(method: StartMethod) async throws {
    try await withWorkers(1, method, configured(hasty)) { pool in
      let before = try #require(try await firstWorker(of: pool))
      await #expect(throws: MultiprocessingError.self) {
        _ = try await pool.run(Blurt(kind: Frame.Kind.ready.rawValue, about: 0, isEndless: true))
      }
      #expect(try await pool.run(4) { $0 + 1 } == 5)
      #expect(pool.workers.first?.processID != before)
    }
  }

  @Test(arguments: 1...UInt8(18), [UInt64(0), 1, 2, 3, .max])
  func `whatever a worker says, about whichever task, the pool goes on`(kind: UInt8, task: UInt64) async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      _ = try await pool.run {}
      for bytes in [[], [0xFF, 0, 7], [UInt8](repeating: 0xA1, count: 20_000)] {
        // An answer, which may be the forged one, or an error that the pool made.
        do { #expect(try await pool.run(Blurt(kind: kind, about: task, bytes: bytes)) >= 0) } catch {
          #expect(error is MultiprocessingError, "\(error)")
        }
      }
      // What was forged may have hit these; after them it is over.
      for _ in 0..<4 { _ = try? await pool.run {} }
      // The answers by the ring may pass the frames: what is read late ends one worker, with the task that it has then.
      var lost = 0
      for number in 0..<20 {
        do { #expect(try await pool.run(number) { $0 * 3 } == number * 3) } catch { lost += 1 }
      }
      #expect(lost <= 1)
    }
  }

  private func firstWorker(of pool: ProcessPool) async throws -> ProcessID? {
    _ = try await pool.run {}
    return pool.workers.first?.processID
  }
}
