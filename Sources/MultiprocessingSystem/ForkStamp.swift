/// Which process made something. A copy made by `fork` has it too, and is another process.
package struct ForkStamp: Sendable {
  private let generation = ProcessControl.forkGeneration

  package init() {}

  /// This process is a forked copy of the one that made it.
  package var isInherited: Bool { generation != ProcessControl.forkGeneration }
}
