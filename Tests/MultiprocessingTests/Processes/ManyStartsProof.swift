import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Ten thousand starts by each method: minutes of work, so only when asked for (`Scripts/prove.sh many_starts`).
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["MP_PROVE"] != nil))
struct ManyStartsProof {
  static let count = 10_000

  @Test(arguments: StartMethod.available)
  func `ten thousand starts leave descriptors, children and memory where they were`(method: StartMethod) async throws {
    // What is made once and kept: the server, the reactor, caches.
    for number in 0..<200 { try await start(number, method) }
    let memory = ProcessMemory.privateBytes(of: CurrentProcess.id)
    try await expectNoLeaks {
      for number in 0..<Self.count { try await start(number, method) }
    }
    let growth = ProcessMemory.privateBytes(of: CurrentProcess.id) - memory
    print("\(method): \(Self.count) starts, private memory grew by \(growth / 1024) KiB")
    #expect(growth < 4 << 20)
    #expect(CurrentProcess.activeChildren.isEmpty)
  }

  private func start(_ number: Int, _ method: StartMethod) async throws {
    let child =
      method == .fork
      ? try ChildProcess.fork { number }
      : try ChildProcess.start(number, context: ProcessContext(method)) { $0 }
    #expect(try await child.value == number)
    #expect(try await child.join() == .exited(0))
  }
}
