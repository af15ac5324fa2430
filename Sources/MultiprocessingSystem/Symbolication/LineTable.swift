internal import CMultiprocessing

/// Finds the units of `.debug_line` that may describe an address, without running their programs.
///
/// Neither Swift nor clang writes `.debug_aranges`, and running every program of a debug executable takes seconds.
/// But each sequence of rows sets its first address by an instruction with a fixed form (`00 09 02` and eight bytes),
/// which can be searched for at the speed of memory. A chance match only adds a unit that is then looked at in vain.
struct LineTable: Sendable {
  private struct Sequence: Sendable {
    var address: UInt64
    var unit: UInt64
  }

  private let section: ELFFile.Section
  private let sequences: [Sequence]

  /// Nil when the image has no readable line table.
  init?(_ elf: ELFFile, file: ImageFile) {
    guard let section = elf.section(named: ".debug_line"),
      let bytes = file.bytes(at: section.offset, count: section.size)
    else { return nil }
    self.section = section
    sequences = Self.sequences(in: bytes)
  }

  private static let setAddress: [UInt8] = [0, 9, 2]

  private static func sequences(in bytes: [UInt8]) -> [Sequence] {
    var found: [Sequence] = []
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      let unit = reader.position
      let length = reader.unitLength().length
      guard length > 0, length <= UInt64(reader.remaining) else { break }
      let end = reader.position + Int(length)
      for match in matches(in: bytes, range: reader.position..<end) {
        var operand = ByteReader(bytes, from: match + setAddress.count, to: end)
        let address = operand.uint64()
        // Zero: a function the linker removed.
        if !operand.isExhausted, address != 0 { found.append(Sequence(address: address, unit: UInt64(unit))) }
      }
      reader.advance(to: end)
    }
    found.sort { $0.address < $1.address }
    return found
  }

  private static func matches(in bytes: [UInt8], range: Range<Int>) -> [Int] {
    bytes.withUnsafeBytes { buffer in
      // SAFETY: `range` lies within `bytes`, and `mp_search` looks at no more than the bytes up to its end.
      var found: [Int] = []
      var position = range.lowerBound
      while position < range.upperBound,
        let match = mp_search(
          buffer.baseAddress! + position, range.upperBound - position, setAddress, setAddress.count)
      {
        position = buffer.baseAddress!.distance(to: match)
        found.append(position)
        position += setAddress.count
      }
      return found
    }
  }

  /// Offsets of the units that may contain `address`, the likeliest first.
  private func candidates(for address: UInt64) -> [UInt64] {
    let end = sequences.partitioningIndex { $0.address > address }
    var units: [UInt64] = []
    for sequence in sequences[max(0, end - 16)..<end].reversed() where !units.contains(sequence.unit) {
      units.append(sequence.unit)
      if units.count == 3 { break }
    }
    return units
  }
}

extension LineTable {
  /// What one unit knows of some addresses.
  struct UnitRows {
    /// Where the unit starts in the section.
    var unit: UInt64
    var header: LineProgramHeader
    var rows: [UInt64: LineProgram.Row]
  }

  /// Bytes of programs run for one call: half a second's worth in a debug build. A sensible unit has a fraction.
  private static let budget = 1 << 23

  /// The rows of `addresses`, as far as there are any. Runs each unit's program at most once a round.
  func rows(of addresses: Set<UInt64>, file: ImageFile) -> [UnitRows] {
    var result: [UnitRows] = []
    var open = addresses
    var budget = Self.budget
    let candidates = Dictionary(uniqueKeysWithValues: addresses.map { ($0, self.candidates(for: $0)) })
    for round in 0..<3 {
      let tried = open.filter { candidates[$0, default: []].count > round }
      for (unit, targets) in Dictionary(grouping: tried, by: { candidates[$0, default: []][round] }) {
        guard let bytes = bytes(ofUnitAt: unit, file: file), bytes.count <= budget else { continue }
        budget -= bytes.count
        guard let header = LineProgramHeader(unit: bytes) else { continue }
        let rows = LineProgram.rows(of: targets, header: header, unit: bytes)
        open.subtract(rows.keys)
        result.append(UnitRows(unit: unit, header: header, rows: rows))
      }
    }
    return result
  }

  private func bytes(ofUnitAt offset: UInt64, file: ImageFile) -> [UInt8]? {
    guard let head = file.bytes(at: section.offset + offset, count: min(12, section.size - offset)) else { return nil }
    var reader = ByteReader(head)
    let (length, is64) = reader.unitLength()
    guard length <= section.size - offset else { return nil }
    return file.bytes(at: section.offset + offset, count: length + (is64 ? 12 : 4))
  }
}

extension LineProgramHeader {
  /// The last component of a file's path.
  func fileName(_ index: UInt64, in elf: ELFFile, file: ImageFile) -> String? {
    guard index < UInt64(files.count) else { return nil }
    let path: String? =
      switch files[Int(index)] {
      case .inline(let text): text
      case .string(let section, let offset):
        elf.section(named: section).flatMap { ELFFile.string(at: offset, in: $0, of: file, longest: 4096) }
      }
    return path?.split(separator: "/").last.map(String.init)
  }
}
