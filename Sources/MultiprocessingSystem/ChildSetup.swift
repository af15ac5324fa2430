internal import CMultiprocessing
internal import Glibc

/// What a child does to itself before it runs anything of the user's.
package enum ChildSetup {
  /// Numbers of a child's descriptors.
  package static let channel = Int32(MP_CHILD_CHANNEL)
  package static let page = Int32(MP_CHILD_PAGE)
  package static let lifeline = Int32(MP_CHILD_LIFELINE)
  package static let registry = Int32(MP_CHILD_REGISTRY)

  /// Name and values of the variable that makes a start of the executable a child.
  package static let marker = MP_CHILD_MARKER
  /// The loader binds all symbols at the start. With the marker's name as its value the entry removes it.
  package static let bindNow = MP_BIND_NOW
  /// What a child must not run without.
  package enum Step: Int32, Sendable {
    case descriptors = 72
    case page
    case lifeline = 75
    case copy
  }

  /// Ends this child, which could not set itself up: its page says why, by `errno`.
  package static func giveUp(_ step: Step, page: Int32 = page) -> Never { mp_child_give_up(page, step.rawValue) }

  package static let childKind = Int32(MP_KIND_CHILD)
  package static let serverKind = Int32(MP_KIND_SERVER)

  /// One more open file of the lifeline's reading end.
  package static func copyLifeline(_ reading: Descriptor) throws -> Descriptor {
    Descriptor(owning: try systemCall("open(lifeline)") { mp_lifeline_copy(reading.number) })
  }

  /// Binds the copy that a child holds to the child. See `mp_lifeline_bind`.
  package static func bindLifeline(_ copy: Descriptor, to child: Int32) throws {
    try systemCall("fcntl(lifeline)") { mp_lifeline_bind(copy.number, child) }
  }

  /// See `mp_lifeline_arm`.
  package static func armLifeline(_ descriptor: Int32) throws {
    try systemCall("fcntl(lifeline)") { mp_lifeline_arm(descriptor) }
  }

  /// Standard output in whole lines.
  package static func bufferLines() { mp_buffer_lines() }

  package static func flushStreams() { mp_flush_streams() }
  package static func setName(_ name: String) { mp_set_thread_name(name) }

  /// What a forked copy of this process is given, by number; `standardError` nil: the parent's.
  package struct Copy: Sendable {
    package var page: Int32
    package var lifeline: Int32
    package var standardError: Int32?

    package init(page: Int32, lifeline: Int32, standardError: Int32?) {
      (self.page, self.lifeline, self.standardError) = (page, lifeline, standardError)
    }
  }

  /// First thing in a forked copy (`mp_copy_begin`); false where it must not run.
  package static func begin(_ copy: Copy) -> Bool {
    var given = mp_copy(
      page: copy.page, lifeline: copy.lifeline, standard_error: copy.standardError ?? -1, core_limit: coreLimit)
    return mp_copy_begin(&given) == 0
  }

  package static func changeDirectory(_ path: String) throws { try systemCall("chdir") { chdir(path) } }

  /// Replaces the environment by these `NAME=VALUE` strings.
  package static func replaceEnvironment(_ entries: [String]) {
    var bytes: [CChar] = []
    for entry in entries { bytes += entry.utf8CString }
    mp_environment_replace(bytes + [0], UInt64(entries.count))
  }

  package static func limitData(_ bytes: Int) throws { try systemCall("setrlimit") { mp_limit_data(UInt64(bytes)) } }
  package static func limitOpenFiles(_ count: Int) throws {
    try systemCall("setrlimit") { mp_limit_open_files(UInt64(count)) }
  }
  /// SIGXCPU after `seconds`, SIGKILL one second later.
  package static func limitCPU(seconds: Int) throws {
    try systemCall("setrlimit") { mp_limit_cpu_seconds(UInt64(seconds), UInt64(seconds) + 1) }
  }
  /// No core files. Where a program collects them through a pipe, the kernel starts it even at limit 0, but not at 1.
  package static func limitCore() { _ = mp_limit_core(UInt64(coreLimit)) }
  private static var coreLimit: Int32 { Executable.corePatternIsPipe ? 1 : 0 }
}
