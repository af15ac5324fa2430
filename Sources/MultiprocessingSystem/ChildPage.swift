internal import CMultiprocessing
internal import Glibc

// SAFETY: `raw` is one whole page, `mp_child_page` fits into a page (asserted in `mp_crash.h`), and the counts, which a
// dying child may have overwritten, are cut to the lengths of the arrays before they are used as indices.

/// The page a child leaves behind (`mp_crash.h`), seen from both sides.
package enum ChildPage {
  package static let byteCount = Int(MP_PAGE_SIZE)

  /// What the parent writes: the magic number alone.
  package static var initialBytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 8) { buffer, count in
      // SAFETY: eight bytes of an integer into eight bytes of room.
      UnsafeMutableRawBufferPointer(buffer).storeBytes(of: UInt64(MP_PAGE_MAGIC), as: UInt64.self)
      count = 8
    }
  }

  /// What a child recorded before it died.
  package struct CrashRecord: Sendable {
    package var signal: Int32
    package var code: Int32
    package var address: UInt64
    package var dataBytes: UInt64
    package var frames: [ImageAddress]
  }

  package struct Contents: Sendable {
    /// The child's own word on its process id; 0 when it never got that far.
    package var processID: Int32
    /// The task it worked on last; 0 for none.
    package var task: UInt64
    /// How many inputs of that task have begun, where it has several.
    package var part: UInt64
    /// What kept it from setting itself up, and why.
    package var failedStep: ChildSetup.Step?
    package var failure: Int32
    package var crash: CrashRecord?
  }

  /// Who the page is of; nil as long as there is nobody.
  package static func owner(in file: MemoryFile) -> Int32? {
    read(from: file).flatMap { $0.processID > 0 ? $0.processID : nil }
  }

  /// Reads the page from the outside. A page that was cut short or overwritten gives nil or less, never a crash.
  package static func read(from file: MemoryFile) -> Contents? {
    guard let bytes = try? file.read(at: 0, count: byteCount), bytes.count == byteCount else { return nil }
    // SAFETY: a whole page is there, and the struct is smaller and made of integers only.
    return bytes.withUnsafeBytes { contents(of: $0.loadUnaligned(as: mp_child_page.self), raw: $0) }
  }

  private static func contents(of page: mp_child_page, raw: UnsafeRawBufferPointer) -> Contents {
    var crash: CrashRecord?
    if page.valid == 1 {
      crash = CrashRecord(
        signal: page.signal_number, code: page.code, address: page.address,
        dataBytes: page.data_pages &* UInt64(sysconf(Int32(_SC_PAGESIZE))), frames: frames(of: page, raw: raw))
    }
    return Contents(
      processID: page.pid, task: page.task, part: page.part, failedStep: ChildSetup.Step(rawValue: page.failed_step),
      failure: page.failure, crash: crash)
  }

  private static func frames(of page: mp_child_page, raw: UnsafeRawBufferPointer) -> [ImageAddress] {
    let first = MemoryLayout<mp_child_page>.offset(of: \.frames)!
    let stride = MemoryLayout<mp_crash_frame>.stride
    let images = (0..<min(Int(page.image_count), Int(MP_CRASH_IMAGES))).map { image(at: $0, raw: raw) }
    return (0..<min(Int(page.frame_count), Int(MP_CRASH_FRAMES))).compactMap { index in
      // SAFETY: index is below the array's length, so the frame is within the page.
      let frame = raw.loadUnaligned(fromByteOffset: first + index * stride, as: mp_crash_frame.self)
      guard Int(frame.image) < images.count else { return nil }
      return ImageAddress(
        image: images[Int(frame.image)], offset: frame.offset, isReturnAddress: frame.kind == 1)
    }
  }

  private static func image(at index: Int, raw: UnsafeRawBufferPointer) -> String {
    let start = MemoryLayout<mp_child_page>.offset(of: \.images)! + index * Int(MP_CRASH_PATH)
    return String(decoding: raw[start..<start + Int(MP_CRASH_PATH)].prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// The page as its child maps it.
package struct OwnChildPage: Sendable {
  // SAFETY: mapped for the life of the process; each field is written by one thread (the entry, the worker loop, or
  // the one signal handler).
  private nonisolated(unsafe) let page: UnsafeMutablePointer<mp_child_page>

  /// Maps the page and notes this process's id in it.
  package init(mapping file: Int32) throws {
    guard let page = mp_child_page_map(file) else { throw SystemError(call: "mmap", number: errno) }
    self.page = page
  }

  /// Starts to record crashes of this process in the page.
  package func catchCrashes() {
    mp_crash_install(page)
    Self.ofProcess = page
  }

  // SAFETY: set once, before there is a task; mapped for the life of the process.
  private nonisolated(unsafe) static var ofProcess: UnsafeMutablePointer<mp_child_page>?

  /// Where this process says how many inputs of its task have begun, for code that has no page at hand; nil in a process that
  /// is nobody's child.
  // SAFETY: a word of that page, written by the thread that runs the task.
  package static var part: UnsafeMutablePointer<UInt64>? {
    ofProcess.flatMap { page in
      UnsafeMutableRawPointer(page).advanced(by: MemoryLayout<mp_child_page>.offset(of: \.part)!)
        .assumingMemoryBound(to: UInt64.self)
    }
  }

  /// Says which task the process works on.
  package func setTask(_ task: UInt64) {
    page.pointee.part = 0
    page.pointee.task = task
  }

  /// Says how many inputs of the series it works on have begun.
  package func setPart(_ part: Int) { page.pointee.part = UInt64(part) }

  /// Gives the calling thread a stack for the crash handler.
  package static func prepareThread() { mp_crash_prepare_thread() }
}
