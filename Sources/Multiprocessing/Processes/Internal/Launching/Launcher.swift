internal import MultiprocessingSystem
internal import Synchronization

/// A child about to be started: its descriptors and what it is told.
struct LaunchPlan: Sendable {
  var context: ProcessContext
  var parameters: ChildParameters
  /// The child's end of the channel.
  var channel: ChildEnd
  /// The parent's end, for what a start method answers.
  var answers: FrameChannel
  var lifeline: Descriptor
  /// The registry of this tree of processes, for primitives in shared memory.
  var registry: Descriptor
  /// What the child has as standard error; nil: the parent's.
  var standardError: Descriptor?
  /// What it has as standard output; nil: the parent's.
  var standardOutput: Descriptor?
}

/// The child's end of its channel, until it is handed over.
final class ChildEnd: Sendable {
  private let descriptor: Mutex<Descriptor?>

  init(_ descriptor: Descriptor) { self.descriptor = Mutex(descriptor) }

  var number: Int32 {
    get throws {
      guard let descriptor = descriptor.withLock({ $0 }) else { throw SystemError.disconnected }
      return descriptor.number
    }
  }

  /// Closes it here.
  func release() {
    let released = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    withExtendedLifetime(released) {}
  }
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

/// A child's standard output and error: the plan's, or this process's, with /dev/null for those that are closed.
struct StandardDescriptors: Sendable {
  let output: Int32
  let error: Int32
  /// Held while the numbers are in use.
  private let opened: [Descriptor]

  init(of plan: LaunchPlan) throws {
    var opened: [Descriptor] = []
    func number(_ given: Descriptor?, _ own: Int32) throws -> Int32 {
      if let given { return given.number }
      if Polling.isStandardStream(own) { return own }
      let null = try DescriptorIO.openNull()
      opened.append(null)
      return null.number
    }
    output = try number(plan.standardOutput, 1)
    error = try number(plan.standardError, 2)
    self.opened = opened
  }
}
