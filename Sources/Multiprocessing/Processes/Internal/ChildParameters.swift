internal import Logging
internal import MultiprocessingSystem

/// What a child is told at its start.
struct ChildParameters: Sendable {
  /// What the child does.
  enum Role: UInt8 { case task, worker, server }

  var role: Role
  var name: String
  var path: [Int]
  var isDaemon: Bool
  var startMethod: StartMethod
  var parentID: ProcessID
  var parentName: String
  /// The parent's id in the registry (`OwnerID`); 0 where it has none.
  var parentOwner: UInt64
  /// `NAME=VALUE` strings to replace the environment by; nil: keep it.
  var environment: [String]?
  var workingDirectory: String?
  var limits: ResourceLimits
  var logLevel: String?
  /// Print an error that the task throws on standard error.
  var printsErrors: Bool
  var worker: WorkerSettings

  init(
    role: Role, name: String, path: [Int], isDaemon: Bool, context: ProcessContext, printsErrors: Bool,
    worker: WorkerSettings = WorkerSettings()
  ) {
    self.role = role
    self.name = name
    self.path = path
    self.isDaemon = isDaemon
    self.printsErrors = printsErrors
    self.worker = worker
    // The children of a worker share what it was given.
    if worker.threads == nil { self.worker.threads = ProcessIdentity.current.parallelism }
    startMethod = context.startMethod
    parentID = ProcessIdentity.currentID
    parentName = ProcessIdentity.currentName
    parentOwner = OwnID.value
    environment = context.environment.map { $0.map { "\($0.key)=\($0.value)" } }
    workingDirectory = context.workingDirectory
    limits = context.limits
    logLevel = EventLog.levelForChildren?.rawValue
  }
}

/// The parameters as they cross: fields in the order of `bytes`, a version before them.
extension ChildParameters {
  private static let version: UInt8 = 2

  var bytes: [UInt8] {
    var fields = FieldWriter()
    fields.put(Self.version)
    fields.put(role.rawValue)
    fields.put(name)
    fields.put(path)
    fields.put(isDaemon)
    fields.put(startMethod.name)
    fields.put(Int64(parentID))
    fields.put(parentName)
    fields.put(environment)
    fields.put(workingDirectory)
    fields.put(limits.memory.map(Int64.init))
    fields.put(limits.openFiles.map(Int64.init))
    fields.put(limits.cpuTime.map { Int64($0.wholeSecondsRoundedUp) })
    fields.put(logLevel)
    fields.put(printsErrors)
    fields.put(Int64(bitPattern: parentOwner))
    worker.write(to: &fields)
    return fields.bytes
  }

  init(bytes: [UInt8]) throws {
    var fields = FieldReader(bytes)
    guard try fields.byte() == Self.version, let role = Role(rawValue: try fields.byte()) else {
      throw MultiprocessingError(
        .startFailed, "the start parameters are of another version: parent and child must use the same library")
    }
    self.role = role
    name = try fields.text()
    path = try fields.integers()
    isDaemon = try fields.flag()
    startMethod = StartMethod(name: try fields.text())
    parentID = ProcessID(truncatingIfNeeded: try fields.number())
    parentName = try fields.text()
    environment = try fields.optionalTexts()
    workingDirectory = try fields.optionalText()
    limits = ResourceLimits()
    limits.memory = try fields.optionalNumber().map { Int($0) }
    limits.openFiles = try fields.optionalNumber().map { Int($0) }
    limits.cpuTime = try fields.optionalNumber().map { .seconds($0) }
    logLevel = try fields.optionalText()
    printsErrors = try fields.flag()
    parentOwner = UInt64(bitPattern: try fields.number())
    worker = try WorkerSettings(from: &fields)
  }
}

/// The page file of a child: the page, and behind it the length of the parameters (8 bytes, little-endian) and the
/// parameters, where they do not come by another way.
extension ChildParameters {
  static func pageFile(with parameters: [UInt8] = []) throws -> MemoryFile {
    let file = try MemoryFile(named: "mp-child")
    try file.write(ChildPage.initialBytes)
    try file.resize(to: ChildPage.byteCount)
    if !parameters.isEmpty {
      var fields = FieldWriter()
      fields.put(Int64(parameters.count))
      try file.write(fields.bytes + parameters, at: ChildPage.byteCount)
    }
    return file
  }

  /// Reads what the parent wrote there.
  init(from file: MemoryFile) throws {
    var head = FieldReader(try file.read(at: ChildPage.byteCount, count: 8))
    let length = try head.integer()
    guard length >= 0, length <= (try file.sizes()).logical else {
      throw MultiprocessingError(.startFailed, "the start parameters are cut short")
    }
    try self.init(bytes: try file.read(at: ChildPage.byteCount + 8, count: length))
  }
}
