/// The functions of an image by address.
///
/// Holds 16 bytes for each function and none of the names: those are read from the file when asked for.
struct SymbolTable: Sendable {
  /// A function: where it starts, its length, zero if unknown, and where its name is.
  struct Function: Sendable {
    var start: UInt64
    var size: UInt32
    var name: UInt32
  }

  private let functions: [Function]
  private let names: ELFFile.Section

  /// From `.symtab`, or `.dynsym` in a stripped image; nil without either.
  init?(_ elf: ELFFile, file: ImageFile) {
    for type in [Self.symbolsType, Self.dynamicSymbolsType] {
      guard let section = elf.section(ofType: type), elf.sections.indices.contains(section.link),
        let bytes = file.bytes(at: section.offset, count: section.size)
      else { continue }
      let found = Self.functions(in: bytes)
      guard !found.isEmpty else { continue }
      functions = found
      names = elf.sections[section.link]
      return
    }
    return nil
  }

  private static let symbolsType: UInt32 = 2  // SHT_SYMTAB
  private static let dynamicSymbolsType: UInt32 = 11  // SHT_DYNSYM
  private static let entrySize = 24

  private static func functions(in bytes: [UInt8]) -> [Function] {
    var reader = ByteReader(bytes)
    var found: [Function] = []
    for _ in 0..<bytes.count / entrySize {
      let name = reader.uint32()
      let kind = reader.uint8() & 0xf
      reader.skip(1)
      let section = reader.uint16()
      let value = reader.uint64()
      let size = reader.uint64()
      // STT_FUNC and STT_GNU_IFUNC that are defined here.
      guard kind == 2 || kind == 10, section != 0 else { continue }
      found.append(Function(start: value, size: UInt32(clamping: size), name: name))
    }
    found.sort { $0.start < $1.start }
    return found
  }

  /// The function that contains `address`. One of unknown length contains nothing: what follows it may be a stub.
  func function(containing address: UInt64) -> Function? {
    let end = functions.partitioningIndex { $0.start > address }
    // A few back: names for one address are neighbours, and an entry point may lie within a function.
    return functions[max(0, end - 8)..<end].last { address - $0.start < UInt64($0.size) }
  }

  /// The name as the linker knows it.
  func name(of function: Function, file: ImageFile) -> String? {
    let text = ELFFile.string(at: UInt64(function.name), in: names, of: file, longest: Self.longestName)
    return text.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static let longestName: UInt64 = 4096
}
