internal import MultiprocessingSystem

/// A child about to be started: its descriptors and what it is told.
struct LaunchPlan: Sendable {
  var context: ProcessContext
  var parameters: ChildParameters
  /// The child's end of the channel.
  var channel: Descriptor
  /// The parent's end, for what a start method answers.
  var answers: FrameChannel
  var lifeline: Descriptor
  /// What the child has as standard error; nil: the parent's.
  var standardError: Descriptor?
  /// What it has as standard output; nil: the parent's.
  var standardOutput: Descriptor?
}

/// A started child, not yet watched.
struct LaunchedChild: Sendable {
  let id: ProcessID
  let page: MemoryFile
}

/// One start method.
protocol Launcher {
  /// Starts the child of a plan; its exit status comes to this process.
  ///
  /// - Throws: a `SystemError` or a `MultiprocessingError`; then no child exists.
  func launch(_ plan: LaunchPlan) throws -> LaunchedChild
}

extension StartMethod {
  /// Starts tasks. An executable of another build has a fork server of its own to gain nothing from: it is spawned.
  func launcher(for context: ProcessContext) -> any Launcher {
    self == .forkServer && context.executable == nil ? ForkServerLauncher() : SpawnLauncher()
  }
}

/// Standard descriptors of this process, with /dev/null for those that are closed.
struct StandardDescriptors: Sendable {
  let numbers: [Int32]
  /// Held while the numbers are in use.
  private let opened: [Descriptor]

  init(of plan: LaunchPlan) throws {
    let given = [nil, plan.standardOutput, plan.standardError]
    var opened: [Descriptor] = []
    numbers = try (0 as Int32..<3).map { number in
      if let descriptor = given[Int(number)] { return descriptor.number }
      if number != 0, Polling.isOpen(number) { return number }
      let null = try DescriptorIO.openNull()
      opened.append(null)
      return null.number
    }
    self.opened = opened
  }
}
