/// Finds out which source functions an address belongs to, from `.debug_info`.
///
/// The line table alone is not enough for a crash: the trap instructions of Swift belong to line zero, and only the
/// entry of the runtime failure that is "inlined" there says which check failed and on which line.
struct DebugInfo: Sendable {
  private let entries: ELFFile.Section
  private let abbreviations: ELFFile.Section
  /// Where the unit of each line table unit is.
  private let offsets: [UInt64: UInt64]

  /// Nil when the image has no readable debug information.
  init?(_ elf: ELFFile, file: ImageFile) {
    guard let entries = elf.section(named: ".debug_info"), let shapes = elf.section(named: ".debug_abbrev") else {
      return nil
    }
    self.entries = entries
    abbreviations = shapes
    offsets = Self.offsets(entries: entries, abbreviations: shapes, file: file)
  }

  /// Beyond these, a file is damaged or not worth the time: a walk takes a tenth of a second a megabyte in a debug
  /// build of this library.
  private static let mostUnits = 1 << 14
  private static let largestUnit: UInt64 = 1 << 23
  private static let largestShapes: UInt64 = 1 << 18
  private static let firstShapes: UInt64 = 1 << 12

  /// Reads the head of each unit.
  private static func offsets(
    entries: ELFFile.Section, abbreviations: ELFFile.Section, file: ImageFile
  ) -> [UInt64: UInt64] {
    var found: [UInt64: UInt64] = [:]
    var offset: UInt64 = 0
    for _ in 0..<mostUnits {
      guard let (unit, head) = unit(at: offset, in: entries, file: file) else { break }
      if unit.isSupported, let shapes = shapes(of: unit, in: abbreviations, count: firstShapes, file: file) {
        if let line = unit.lineTable(head: head, abbreviations: shapes) { found[line] = offset }
      }
      offset += unit.size
    }
    return found
  }

  private static func unit(
    at offset: UInt64, in entries: ELFFile.Section, file: ImageFile
  ) -> (unit: DebugUnit, head: [UInt8])? {
    guard offset < entries.size else { return nil }
    let available = entries.size - offset
    let head = file.bytes(at: entries.offset + offset, count: min(available, DebugUnit.headSize))
    return head.flatMap { head in
      DebugUnit(head: head, offset: offset, available: available).map { ($0, head) }
    }
  }

  private static func shapes(
    of unit: DebugUnit, in abbreviations: ELFFile.Section, count: UInt64, file: ImageFile
  ) -> [UInt8]? {
    guard unit.abbreviations < abbreviations.size else { return nil }
    let available = abbreviations.size - unit.abbreviations
    return file.bytes(at: abbreviations.offset + unit.abbreviations, count: min(count, available))
  }

  /// The chains of addresses that the line table's unit at `lineUnit` describes.
  func chains(of addresses: [UInt64], lineUnit: UInt64, elf: ELFFile, file: ImageFile) -> [UInt64: CallChain] {
    guard let offset = offsets[lineUnit], let (found, head) = Self.unit(at: offset, in: entries, file: file),
      found.size <= Self.largestUnit,
      let bytes = file.bytes(at: entries.offset + offset, count: found.size),
      let shapes = Self.shapes(of: found, in: abbreviations, count: Self.largestShapes, file: file)
    else { return [:] }
    var unit = found
    unit.attributes = found.attributes(head: head, abbreviations: shapes)
    let tables = DebugTables(elf: elf, file: file, unit: unit)
    return CallChainReader.chains(of: addresses, tables: tables, bytes: bytes, abbreviations: shapes)
  }
}
