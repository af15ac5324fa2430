internal import CMultiprocessing
internal import Glibc

/// Under which id this process is in its tree's registry.
package enum OwnID {
  /// 0 before the claim, and in a forked copy.
  package static var value: UInt64 { mp_own_id() }

  package static func set(_ id: UInt64) { mp_own_id_set(id) }

  /// The id of the process from which this one was forked, 0 if it had none.
  package static var ofForkedParent: UInt64 { mp_parent_id() }

  /// A number of the calling thread that no other thread of this process has, or had.
  package static var thread: UInt32 { mp_thread_number() }

  /// Which name space of process ids this process is in; 0 where the system does not say.
  package static var processNamespace: UInt64 {
    var status = stat()
    return stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// When a process started, in ticks since the system did; nil when there is no such process. With the process id it
  /// names one process for ever.
  ///
  /// - Throws: what keeps the system from telling: no descriptor left, no /proc.
  package static func startTime(of process: Int32) throws -> UInt64? {
    do {
      return try startTime(in: try statusLine(of: process))
    } catch {
      // Not by the error: without /proc the file is missing for the living too.
      if kill(process, 0) == -1, errno == ESRCH { return nil }
      throw error
    }
  }

  private static func statusLine(of process: Int32) throws -> [UInt8] {
    let path = "/proc/\(process)/stat"
    let file = Descriptor(owning: try systemCall("open(/proc)") { open(path, O_RDONLY | O_CLOEXEC) })
    // SAFETY: the kernel writes at most the capacity, and says how much. A line is shorter than that, and read as a whole.
    return try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = try systemCall("read(/proc)") { read(file.number, buffer.baseAddress!, 4096) }
    }
  }

  private static func startTime(in line: [UInt8]) throws -> UInt64 {
    // The name in parentheses may hold anything; the fields are behind the last one.
    if let end = line.lastIndex(of: UInt8(ascii: ")")) {
      let fields = line[(end + 1)...].split(separator: UInt8(ascii: " "))
      if fields.count > 19, let time = UInt64(String(decoding: fields[19], as: UTF8.self)) { return time }
    }
    throw SystemError(call: "read(/proc)", number: EBADMSG)
  }

  /// That of this process.
  package static func ownStartTime() throws -> UInt64 {
    guard let time = try startTime(of: getpid()) else { throw SystemError(call: "open(/proc)", number: ESRCH) }
    return time
  }

  /// Bytes that nobody guesses.
  package static func random() -> UInt64 { UInt64.random(in: 1 ... .max) }
}
