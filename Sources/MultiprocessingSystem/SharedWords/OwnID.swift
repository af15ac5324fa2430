internal import CMultiprocessing
internal import Glibc

/// Under which id this process is in its tree's registry.
package enum OwnID {
  /// 0 before the claim, and in a forked copy.
  package static var value: UInt64 { mp_own_id() }

  package static func set(_ id: UInt64) { mp_own_id_set(id) }

  /// The id of the process from which this one was forked, 0 if it had none.
  package static var ofForkedParent: UInt64 { mp_parent_id() }

  /// The number of the calling thread.
  package static var thread: UInt32 { mp_thread_id() }

  /// Which name space of process ids this process is in; 0 where the system does not say.
  package static var processNamespace: UInt64 {
    var status = stat()
    return stat("/proc/self/ns/pid", &status) == 0 ? UInt64(status.st_ino) : 0
  }

  /// When a process started, in ticks since the system did; 0 when there is no such process. With the process id it names
  /// one process for ever.
  package static func startTime(of process: Int32) -> UInt64 {
    guard let bytes = DescriptorIO.contents(of: "/proc/\(process)/stat"),
      // The name in parentheses may hold anything; the fields are behind the last one.
      let end = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return 0 }
    let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19 else { return 0 }
    return UInt64(String(decoding: fields[19], as: UTF8.self)) ?? 0
  }

  /// That of this process. Throws EMFILE where there is no descriptor to read it with.
  package static func ownStartTime() throws -> UInt64 {
    let time = startTime(of: getpid())
    if time == 0 { throw SystemError(call: "open(/proc)", number: EMFILE) }
    return time
  }

  /// Bytes that nobody guesses.
  package static func random() -> UInt64 { UInt64.random(in: 1 ... .max) }
}
