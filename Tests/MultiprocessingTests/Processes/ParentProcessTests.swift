import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ParentProcessTests {
  @Test(arguments: StartMethod.forTasks)
  func `a live parent is alive and its end is waited for in vain`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      guard let parent = CurrentProcess.parent else { return false }
      let isAlive = parent.isAlive
      let hasEnded = try await parent.join(timeout: .milliseconds(30))
      let ready = try await waitForAny(of: [parent], timeout: .zero)
      return isAlive && !hasEnded && ready.isEmpty
    }
    #expect(try await child.value)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child sees its parent as the process that started it, at each level`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, name: "middle", context: ProcessContext(method)) { method in
      let inner = try ChildProcess.start(name: "inner", context: ProcessContext(method)) { Identity() }
      let identity = try await inner.value
      return identity.parentID == getpid() && identity.parentName == "middle" && identity.isParentAlive == true
    }
    #expect(try await child.value)
  }

  @Test func `the end of a parent that is gone is known at once`() async throws {
    let gone = ParentProcess(id: 1, name: "not ours")
    #expect(!gone.isAlive)
    #expect(try await gone.join(timeout: .seconds(50)))
    try await gone.join()
  }
}
