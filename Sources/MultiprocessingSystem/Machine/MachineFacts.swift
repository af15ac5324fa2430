internal import CMultiprocessing
internal import Glibc

/// What a report of a problem should say about the machine and the program.
package struct MachineFacts: Sendable, Encodable {
  /// CPUs, by who counts.
  package struct Processors: Hashable, Sendable, Encodable {
    package var online: Int
    package var affinity: Int
    package var quota: Double?
    package var available: Int
  }

  /// The limits that matter to a program of many processes; nil where they cannot be read.
  package struct Limits: Hashable, Sendable, Encodable {
    package var openFiles: ResourceLimit?
    package var processes: ResourceLimit?
    package var data: ResourceLimit?
  }

  package var kernelRelease: String
  package var architecture: String
  /// Nil where the C library is another one.
  package var glibcVersion: String?
  /// Of the compiler that built the library.
  package var swiftVersion: String
  package var processors: Processors
  package var features: KernelFeatures
  package var limits: Limits
  package var corePattern: String?
  package var controlGroups: ControlGroupVersion
  package var memory: MemoryFacts
  /// Bytes that `/dev/shm` can hold; nil where it is not mounted. Only named shared memory lies there.
  package var sharedMemorySize: UInt64?
  /// Yama's: 0 lets processes of one user look at each other; nil without Yama.
  package var ptraceScope: Int?
  /// Whether the executable has the build id that both ends of a channel compare.
  package var hasBuildID: Bool

  package static func current() -> MachineFacts {
    let files = SystemFiles()
    let system = SystemName()
    let parallelism = ParallelismProbe()
    return MachineFacts(
      kernelRelease: system.release, architecture: system.machine,
      glibcVersion: mp_glibc_version().map { String(cString: $0) }, swiftVersion: swiftVersion,
      processors: Processors(
        online: ParallelismProbe.onlineCount, affinity: parallelism.affinityCount, quota: parallelism.quota,
        available: parallelism.available),
      features: KernelFeatures.probe(),
      limits: Limits(
        openFiles: ResourceLimit.openFiles, processes: ResourceLimit.processes, data: ResourceLimit.data),
      corePattern: files.line("/proc/sys/kernel/core_pattern"),
      controlGroups: ControlGroupVersion.current(), memory: MemoryFacts.now(),
      sharedMemorySize: sizeOfFileSystem("/dev/shm"),
      ptraceScope: files.number("/proc/sys/kernel/yama/ptrace_scope").map { Int($0) },
      hasBuildID: executableHasBuildID)
  }

  private static var executableHasBuildID: Bool {
    ImageFile(path: "").flatMap { ELFFile($0) }?.section(named: ".note.gnu.build-id") != nil
  }

  private static func sizeOfFileSystem(_ path: String) -> UInt64? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return UInt64(status.f_blocks) &* UInt64(status.f_frsize)
  }

  private static var swiftVersion: String {
    #if compiler(>=6.5)
      "6.5 or later"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2 or earlier"
    #endif
  }
}

/// What `uname` says.
private struct SystemName {
  let release: String
  let machine: String

  init() {
    var name = utsname()
    // It fails only for a bad pointer.
    _ = uname(&name)
    // SAFETY: each field is an array of bytes inside `name`, read within its bounds.
    release = withUnsafeBytes(of: name.release, Self.text)
    machine = withUnsafeBytes(of: name.machine, Self.text)
  }

  // SAFETY: the bytes are a field of `init`'s local variable, read inside its `withUnsafeBytes`.
  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
