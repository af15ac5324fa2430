internal import Logging
internal import MultiprocessingSystem

/// What a child is told at its start, in its page file behind the page.
struct ChildParameters: Codable, Sendable {
  /// What the child does.
  enum Role: String, Codable { case task, worker, server }

  var role: Role
  var name: String
  var path: [Int]
  var isDaemon: Bool
  var startMethod: StartMethod
  var parentID: ProcessID
  var parentName: String
  var buildIdentity: String
  /// `NAME=VALUE` strings to replace the environment by; nil: keep it.
  var environment: [String]?
  var workingDirectory: String?
  var limits: ResourceLimits
  var logLevel: String?
  /// Print an error that the task throws on standard error.
  var printsErrors: Bool

  /// The page file of a child: page, length, parameters.
  func pageFile() throws -> MemoryFile {
    let bytes = try TransferCoder<ChildParameters>().encode(self, .portable).bytes
    let file = try MemoryFile(named: "mp-child")
    var content = ChildPage.initialBytes
    content += [UInt8](repeating: 0, count: ChildPage.byteCount - content.count)
    // SAFETY: the bytes of a local integer, copied inside the call.
    content += withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }
    try file.write(content + bytes)
    return file
  }

  /// Reads what the parent wrote.
  init(from file: MemoryFile) throws {
    let head = try file.read(at: ChildPage.byteCount, count: 8)
    guard head.count == 8 else { throw MultiprocessingError(.startFailed, "the start parameters are missing") }
    let length = head.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let sizes = try file.sizes()
    guard length <= UInt64(sizes.logical) else {
      throw MultiprocessingError(.startFailed, "the start parameters are cut short")
    }
    let bytes = try file.read(at: ChildPage.byteCount + 8, count: Int(length))
    self = try TransferCoder<ChildParameters>().decode(TransferPayload(bytes: bytes, descriptors: []), .portable)
  }
}

extension ChildParameters {
  init(
    role: Role, name: String, path: [Int], isDaemon: Bool, context: ProcessContext, printsErrors: Bool
  ) {
    self.role = role
    self.name = name
    self.path = path
    self.isDaemon = isDaemon
    self.printsErrors = printsErrors
    startMethod = context.startMethod
    parentID = ProcessIdentity.currentID
    parentName = ProcessIdentity.currentName
    buildIdentity = BuildIdentity.own.text
    environment = context.environment.map { $0.map { "\($0.key)=\($0.value)" } }
    workingDirectory = context.workingDirectory
    limits = context.limits
    logLevel = EventLog.levelForChildren?.rawValue
  }
}
