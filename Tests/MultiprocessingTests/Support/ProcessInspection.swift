import Foundation
import MultiprocessingSystem

@testable import Multiprocessing

/// What /proc says.
enum ProcessInspection {
  /// The letter of a process's state; nil when there is no such process.
  static func state(of id: ProcessID) -> Character? {
    // The name in parentheses may hold anything, so the state is behind the last one.
    text("/proc/\(id)/stat")?.split(separator: ")").last?.first { $0 != " " }
  }

  /// What the process's main thread is called.
  static func name(of id: ProcessID) -> String? {
    text("/proc/\(id)/comm").map { String($0.filter { $0 != "\n" }) }
  }

  /// True when the process runs no more: it may still be a zombie that its new parent has not collected.
  static func isGone(_ id: ProcessID) -> Bool { state(of: id).map { "ZX".contains($0) } ?? true }

  /// True for a process of this executable, and for one that is a zombie: it no longer says.
  static func runsThisProgram(_ id: ProcessID) -> Bool {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/exe") else {
      return true
    }
    return target == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
  }

  /// The children of this process, those of all its threads, zombies included.
  static func ownChildren() -> Set<ProcessID> {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    let lists = threads.compactMap { text("/proc/self/task/\($0)/children") }
    return Set(lists.flatMap { $0.split(separator: " ").compactMap { ProcessID($0) } })
  }

  /// The open descriptors of this process and what they stand for. Opens none itself.
  static func descriptors() -> [Int32: String] {
    var found: [Int32: String] = [:]
    for number in 0..<4096 as Range<Int32> where Polling.isOpen(number) {
      var target = [UInt8](repeating: 0, count: 256)
      let length = target.withUnsafeMutableBytes {
        readlink("/proc/self/fd/\(number)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
      }
      if length > 0 { found[number] = String(decoding: target.prefix(length), as: UTF8.self) }
    }
    return found
  }

  /// Those of them that are not the runtime's own: Dispatch opens its event queues, and
  /// files of /proc about its threads, when it likes.
  static func plainDescriptors() -> [Int32: String] {
    let events: Set = ["anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[timerfd]"]
    return descriptors().filter { !events.contains($0.value) && !$0.value.hasPrefix("/proc/") }
  }

  /// A set of signals in this process's status: "SigIgn", "SigBlk", "SigCgt".
  static func signals(_ field: String) -> Set<Int32> {
    let line = text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix(field + ":") }
    let mask = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? .max
    return Set((1...64 as ClosedRange<Int32>).filter { mask >> UInt64($0 - 1) & 1 == 1 })
  }

  private static func text(_ path: String) -> String? {
    DescriptorIO.contents(of: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
