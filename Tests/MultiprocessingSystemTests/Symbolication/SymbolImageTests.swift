import Testing

@testable import MultiprocessingSystem

@Suite("Image")
struct SymbolImageTests {
  private func places(_ image: ELFImage, _ addresses: Set<UInt64>) throws -> [UInt64: CodePlace] {
    let temporary = try TemporaryFile(image.bytes)
    let file = try #require(ImageFile(path: temporary.path))
    return try #require(SymbolImage(file)).places(of: addresses, file: file)
  }

  @Test("gives function, file and line from line tables of DWARF 2 to 5", arguments: [2, 3, 4, 5] as [UInt16])
  func lines(version: UInt16) throws {
    let places = try places(.sample(lineVersion: version), [0x1000, 0x100f, 0x1010, 0x101f, 0xfff, 0x1040])
    #expect(places[0x1000]?.function == "outer")
    #expect(places[0x1000]?.line == CodePlace.Line(file: "a.swift", number: 5))
    #expect(places[0x100f]?.line?.number == 5)
    #expect(places[0x1010]?.line?.number == 7)
    #expect(places[0x101f]?.line?.number == 7)
    #expect(places[0xfff] == CodePlace(function: nil))
    #expect(places[0x1040] == CodePlace(function: nil))
  }

  @Test("gives lines from a unit with 64-bit offsets, after another unit", arguments: [4, 5] as [UInt16])
  func wideUnits(version: UInt16) throws {
    var image = ELFImage.sample()
    // The first unit is the same but for its address, which is beyond ours.
    var other = ELFImage.lineUnit(version: 4)
    let address = try #require(other.firstRange(of: [9, 2, 0, 0x10]))
    other[address.lowerBound + 3] = 0x30
    image[".debug_line"] = other + ELFImage.lineUnit(version: version, is64: true)
    #expect(try places(image, [0x1012])[0x1012]?.line?.number == 7)
  }

  @Test("names the failed check and its line where the code itself has none")
  func failure() throws {
    let place = try #require(try places(.sample(), [0x1030])[0x1030])
    #expect(place.failure == "arithmetic overflow")
    #expect(place.line == CodePlace.Line(file: "a.swift", number: 9))
    #expect(place.described(image: "app", address: "") == "outer at a.swift:9: arithmetic overflow")
  }

  @Test("names a function from debug information when the symbol is gone")
  func withoutSymbols() throws {
    var image = ELFImage.sample()
    image[".symtab"] = []
    #expect(try places(image, [0x1010])[0x1010]?.function == "outer")
  }

  @Test("uses the dynamic symbols of a stripped file")
  func dynamicSymbols() throws {
    var image = ELFImage.sample()
    image.sections = image.sections.filter { !$0.name.hasPrefix(".debug") }
    image.sections[0].name = ".dynsym"
    image.sections[0].type = 11
    let place = try #require(try places(image, [0x1010])[0x1010])
    #expect(place.described(image: "app", address: "") == "outer in app")
  }

  @Test("leaves compressed and empty debug sections alone", arguments: [(1, 0x800), (8, 0)] as [(UInt32, UInt64)])
  func unreadable(type: UInt32, flags: UInt64) throws {
    var image = ELFImage.sample()
    for index in image.sections.indices where image.sections[index].name.hasPrefix(".debug") {
      image.sections[index].type = type
      image.sections[index].flags = flags
    }
    #expect(try places(image, [0x1010])[0x1010] == CodePlace(function: "outer"))
  }

  @Test("does not name what lies beyond a function, or in one of unknown length")
  func bounds() throws {
    var image = ELFImage.sample()
    image[".debug_line"] = []
    #expect(try places(image, [0x103f, 0x1040]).mapValues(\.function) == [0x103f: "outer", 0x1040: nil])
    image.sections[0].bytes.replaceSubrange(16..<24, with: Array(repeating: 0, count: 8))
    #expect(try places(image, [0x1000])[0x1000]?.function == nil)
  }

  @Test("is not misled by the rows of a function that the linker removed")
  func removedFunction() throws {
    var image = ELFImage.sample()
    var removed = ELFImage.lineUnit(version: 4)
    let address = try #require(removed.firstRange(of: [9, 2, 0, 0x10]))
    removed[address.lowerBound + 3] = 0
    // Its rows go to 0x2040 from zero, over the real ones.
    let advance = try #require(removed.lastRange(of: [2, 0x20, 0, 1, 1]))
    removed.replaceSubrange(advance, with: [2, 0xa0, 0x40, 0, 1, 1])
    removed[0] += 1
    image[".debug_line"] = removed + ELFImage.lineUnit(version: 4)
    #expect(try places(image, [0x1012])[0x1012]?.line?.number == 7)
    let program = try #require(LineProgramHeader(unit: removed))
    #expect(LineProgram.rows(of: [0x1012], header: program, unit: removed).isEmpty)
  }

  @Test("leaves sections alone that claim to be larger than the file", arguments: [.max, 1 << 62, 1 << 20] as [UInt64])
  func oversized(size: UInt64) throws {
    let image = ELFImage.sample()
    var bytes = image.bytes
    let table = bytes.count - (image.sections.count + 2) * 64
    for index in image.sections.indices where image.sections[index].name.hasPrefix(".debug") {
      let start = table + (index + 1) * 64 + 32
      bytes.replaceSubrange(start..<start + 8, with: size.littleEndianBytes)
    }
    let temporary = try TemporaryFile(bytes)
    let file = try #require(ImageFile(path: temporary.path))
    let places = try #require(SymbolImage(file)).places(of: [0x1010], file: file)
    #expect(places[0x1010] == CodePlace(function: "outer"))
  }

  @Test("is no image when the file is of another kind", arguments: ["", "#!/bin/sh\n", "\u{7f}ELF\u{2}\u{1}\u{1}"])
  func otherFiles(text: String) throws {
    let temporary = try TemporaryFile(Array(text.utf8))
    #expect(ImageFile(path: temporary.path).flatMap(SymbolImage.init) == nil)
  }

  @Test("is kept until the file changes, and no more images are kept than allowed")
  func cache() throws {
    let cache = SymbolImageCache(capacity: 2)
    let temporary = try (0..<3).map { _ in try TemporaryFile(ELFImage.sample().bytes) }
    func image(_ index: Int) throws -> SymbolImage? {
      let path = temporary[index].path
      return cache.image(path: path, file: try #require(ImageFile(path: path)))
    }
    let first = try image(0)
    #expect(try image(0) === first)
    try temporary[0].write(ELFImage.sample(lineVersion: 5).bytes)
    let second = try image(0)
    #expect(second !== first)
    _ = try image(1)
    _ = try image(0)
    _ = try image(2)
    #expect(cache.count == 2)
    #expect(try image(0) === second)
  }
}
