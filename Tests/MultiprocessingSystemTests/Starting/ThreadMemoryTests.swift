internal import CMultiprocessing
internal import Foundation
internal import Testing

/// Which words of a forked copy get the copy's thread id (`mp_thread_memory.h`).
@Suite struct ThreadMemoryTests {
  /// The upper half of no address that a process has by itself.
  private static let old: UInt32 = 0x1601

  /// What becomes of words that begin as `initial` says, then as 0.
  private func renewed(_ words: [UInt32], initial: [UInt32] = []) -> [UInt32] {
    // SAFETY: both are freed below, and not used after `mp_thread_memory_renew` returns.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<mp_thread_memory>.size, alignment: 16)
    let block = UnsafeMutableRawPointer.allocate(byteCount: 4 * words.count + 8, alignment: 8)
    defer {
      memory.deallocate()
      block.deallocate()
    }
    // What follows the variables is looked at with the last of them: not what some other block has left there.
    block.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * words.count + 8)
    let variables = block.bindMemory(to: UInt32.self, capacity: words.count)
    variables.initialize(from: words, count: words.count)
    return initial.withUnsafeBufferPointer { initial in
      let record = memory.bindMemory(to: mp_thread_memory.self, capacity: 1)
      record.pointee.thread = pid_t(Self.old)
      record.pointee.count = 1
      record.pointee.blocks.0 = mp_thread_block(
        words: variables, count: words.count, initial: initial.baseAddress ?? UnsafePointer(variables),
        initial_count: initial.count, places: nil, place_count: -1)
      mp_thread_memory_renew(record)
      return Array(UnsafeBufferPointer(start: variables, count: words.count))
    }
  }

  /// This thread's id, as it is written into an only variable.
  private var own: UInt32 { renewed([Self.old])[0] }

  @Test func `the id is that of the thread that renews`() {
    #expect(access("/proc/self/task/\(own)", F_OK) == 0)
    #expect(own != Self.old)
  }

  @Test func `every variable with the old id gets the copy's`() {
    let old = Self.old
    #expect(renewed([old, 0, 0, old, old, old, 7, old]) == [own, 0, 0, own, own, own, 7, own])
    #expect(renewed([old + 1, 1, 2]) == [old + 1, 1, 2])
  }

  @Test func `a variable that begins as the same number keeps it`() {
    let old = Self.old
    #expect(renewed([old, 0, old], initial: [old]) == [old, 0, own])
    #expect(renewed([old, old, 0], initial: [0, 9]) == [own, old, 0])
  }

  @Test func `half of an address stays what it is`() throws {
    let old = Self.old
    let size = sysconf(Int32(_SC_PAGESIZE))
    let place = try #require(UnsafeMutableRawPointer(bitPattern: UInt(old) << 32 + 0x1234_0000))
    let mapped = mmap(place, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)
    #expect(mapped == place)
    defer { munmap(place, size) }
    let (inside, behind, beyond) = (UInt32(0x1234_0010), UInt32(0x1234_0000 + size), UInt32(0x1234_0001 + size))
    #expect(renewed([inside, old, 0, old]) == [inside, old, 0, own])
    #expect(renewed([behind, old, beyond, old]) == [behind, old, beyond, own])
  }

  /// The places of variables for thread ids in a file, for the thread-local segment of this executable; nil: not known.
  private func places(in path: String, _ change: (inout Elf64_Phdr) -> Void = { _ in }) throws -> [UInt32]? {
    let file = try [UInt8](Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped).prefix(4096))
    // SAFETY: read inside the calls; the headers of a program are in its first page.
    let head = file.withUnsafeBytes { $0.loadUnaligned(as: Elf64_Ehdr.self) }
    let segments = (0..<Int(head.e_phnum)).map { index in
      // SAFETY: as above.
      file.withUnsafeBytes {
        $0.loadUnaligned(
          fromByteOffset: Int(head.e_phoff) + index * MemoryLayout<Elf64_Phdr>.size, as: Elf64_Phdr.self)
      }
    }
    var segment = try #require(segments.first { $0.p_type == UInt32(PT_TLS) })
    change(&segment)
    // SAFETY: freed at the end; only the count and as many places are read.
    let found = UnsafeMutablePointer<mp_id_places>.allocate(capacity: 1)
    defer { found.deallocate() }
    guard mp_id_places_find(path, &segment, found) == 0 else { return nil }
    // SAFETY: the first `count` places were written.
    return withUnsafeBytes(of: &found.pointee.offsets) {
      $0.withMemoryRebound(to: UInt32.self) { Array($0.prefix(Int(found.pointee.count))) }
    }
  }

  @Test func `variables for ids are found by the names of their symbols`() throws {
    let found = try #require(try places(in: "/proc/self/exe"))
    #expect(!found.isEmpty && found.count == Set(found).count && found.allSatisfy { $0 % 4 == 0 })
  }

  @Test func `a file that is another, or no image, tells nothing`() throws {
    #expect(try places(in: "/proc/self/exe") { $0.p_memsz += 4 } == nil)
    #expect(try places(in: "/bin/sh") == nil)
    #expect(try places(in: "/etc/passwd") == nil)
    #expect(try places(in: "/dev/null") == nil)
    #expect(try places(in: "/no/such/file") == nil)
  }
}
