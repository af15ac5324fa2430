/// What a child may use of the machine. A child above a limit ends, and its task fails with `limitExceeded`.
public struct ResourceLimits: Sendable, Hashable, Codable {
  /// Bytes of private writable memory (RLIMIT_DATA): heap and thread stacks, not files or shared memory. A program needs
  /// about 32 MB to start. Allocation fails above it, which ends a Swift program by a trap.
  public var memory: Int?
  /// Processor time, rounded up to whole seconds. The child gets SIGXCPU then, and SIGKILL a second later.
  public var cpuTime: Duration?
  /// The highest number of descriptors the child may have open.
  public var openFiles: Int?

  /// Limits; nil is unlimited.
  public init(memory: Int? = nil, cpuTime: Duration? = nil, openFiles: Int? = nil) {
    self.memory = memory
    self.cpuTime = cpuTime
    self.openFiles = openFiles
  }

  /// - Throws: `invalidArgument` for a limit that is not positive.
  func check() throws {
    if memory.map({ $0 <= 0 }) == true || openFiles.map({ $0 <= 0 }) == true || cpuTime.map({ $0 <= .zero }) == true {
      throw MultiprocessingError(.invalidArgument, "a resource limit must be above zero: \(self)")
    }
  }
}
