import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// The library's children and descriptors in this process at one moment, without the fork server.
///
/// Other tests of the same run start programs and open pipes by other means, at the same time: those do not count. A
/// child of the library runs this very executable; what the library opens is marked as its own.
struct OwnResources {
  var children: Set<ProcessID>
  var descriptors: [Int32: String]

  static func now() -> OwnResources {
    let server = ForkServerConnection.current.serverID
    return OwnResources(
      children: ProcessInspection.ownChildren().filter { $0 != server && ProcessInspection.runsThisProgram($0) },
      descriptors: ProcessInspection.descriptors().filter { Descriptor.isOurs($0.key) })
  }
}

/// Runs `body` and expects that it leaves no more children, zombies included, and no more descriptors than there were.
///
/// Looks again for some seconds: children are collected by a thread of the library's, and tests without `.isolated` may
/// have something open for a moment. Descriptors are counted and not compared by number, for numbers are used again.
func expectNoLeaks(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async rethrows {
  let before = OwnResources.now()
  try await body()
  var after = OwnResources.now()
  let isClean = await eventually {
    after = OwnResources.now()
    return after.children.isSubset(of: before.children) && after.descriptors.count <= before.descriptors.count
  }
  if isClean { return }
  let children = after.children.subtracting(before.children)
  let opened = after.descriptors.filter { before.descriptors[$0.key] != $0.value }
  Issue.record("left behind: children \(children), descriptors \(opened)", sourceLocation: sourceLocation)
}
