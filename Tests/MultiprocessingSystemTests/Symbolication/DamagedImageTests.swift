import Foundation
import Testing

@testable import MultiprocessingSystem

/// A sequence of numbers that a seed determines.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// A crash or a hang of the process is what these would show; they check nothing else of damaged bytes.
@Suite("Damaged image", .timeLimit(.minutes(5)))
struct DamagedImageTests {
  private static let addresses: Set<UInt64> = [0, 0x1000, 0x1018, 0x1030, 0x103f, 0x5000, .max - 1, .max]

  /// The number of addresses something was said of.
  private func describe(_ path: String, _ addresses: Set<UInt64> = addresses) -> Int {
    guard let file = ImageFile(path: path), let image = SymbolImage(file) else { return 0 }
    let places = image.places(of: addresses, file: file)
    return places.values.filter { $0.described(image: "app", address: "x") != nil }.count
  }

  private func mutate(_ bytes: inout [UInt8], within range: Range<Int>, using generator: inout SeededGenerator) {
    let interesting: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      let index = Int.random(in: range, using: &generator)
      let random = UInt8.random(in: .min ... .max, using: &generator)
      bytes[index] = Bool.random(using: &generator) ? random : interesting[Int(random) % interesting.count]
    }
  }

  @Test("of a small file is described without harm, whatever bytes are changed", arguments: [4, 5] as [UInt16])
  func mutations(version: UInt16) throws {
    let intact = ELFImage.sample(lineVersion: version).bytes
    let temporary = try TemporaryFile(intact)
    #expect(describe(temporary.path) == 4)
    var generator = SeededGenerator(state: UInt64(version))
    var described = Set<Int>()
    for _ in 0..<2500 {
      var bytes = intact
      mutate(&bytes, within: 0..<bytes.count, using: &generator)
      try temporary.write(bytes)
      described.insert(describe(temporary.path))
    }
    // The damage went deep and not only into the first bytes.
    #expect(described.isSuperset(of: [0, 4]))
    #expect(described.count >= 4)
  }

  @Test("is described without harm at every length it may be cut to")
  func truncations() throws {
    // With the section table first, each cut leaves a table that points beyond the end.
    let intact = ELFImage.sample().bytes
    let table = Int(intact[40]) | Int(intact[41]) << 8
    let temporary = try TemporaryFile([])
    for length in stride(from: 0, to: intact.count, by: 3) {
      var bytes = Array(intact[table...] + intact[..<min(length, table)])
      bytes = Array(intact[..<64].enumerated().map { (40..<48).contains($0.offset) ? 0 : $0.element }) + bytes
      bytes[40] = 64
      try temporary.write(Array(bytes))
      _ = describe(temporary.path)
      try temporary.write(Array(intact[..<length]))
      #expect(describe(temporary.path) == 0)
    }
  }

  @Test("of this program is described without harm when headers, section table and line table are changed")
  func ownProgram() throws {
    let own = try #require(ThisProcess.executablePath)
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: own)))
    let file = try #require(ImageFile(path: own))
    let elf = try #require(ELFFile(file))
    let table = bytes[40..<48].reversed().reduce(0) { $0 << 8 | Int($1) }
    let names = [".debug_line", ".debug_info", ".debug_abbrev", ".symtab"]
    let sections = names.compactMap(elf.section(named:)).map { Int($0.offset)..<Int($0.offset + $0.size) }
    let frames = try CodeAddress.backtrace().filter { $0.image == own }
    let addresses = Set(frames.map(\.offset))
    let temporary = try TemporaryFile(bytes)
    #expect(describe(temporary.path, addresses) == addresses.count)
    var generator = SeededGenerator(state: 7)
    for _ in 0..<40 {
      let intact = bytes
      mutate(&bytes, within: table..<table + elf.sections.count * 64, using: &generator)
      for range in sections { for _ in 0..<20 { mutate(&bytes, within: range, using: &generator) } }
      try temporary.write(bytes)
      _ = describe(temporary.path, addresses)
      bytes = intact
    }
    for cut in stride(from: 0, to: bytes.count, by: bytes.count / 20) {
      try temporary.write(Array(bytes[..<cut]))
      #expect(describe(temporary.path, addresses) == 0)
    }
  }
}
