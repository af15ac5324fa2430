/// Finds out which source functions an address belongs to, from `.debug_info`.
///
/// The line table alone is not enough for a crash: the trap instructions of Swift belong to line zero, and only the
/// entry of the runtime failure that is "inlined" there says which check failed and on which line.
struct DebugInfo: Sendable {
  private let entries: ELFFile.Section
  private let abbreviations: ELFFile.Section

  /// Nil when the image has no readable debug information.
  init?(_ elf: ELFFile) {
    guard let entries = elf.section(named: ".debug_info"), let shapes = elf.section(named: ".debug_abbrev") else {
      return nil
    }
    self.entries = entries
    abbreviations = shapes
  }

  /// No larger unit is walked: half a second's worth in a debug build.
  private static let largestUnit: UInt64 = 1 << 23
  private static let largestShapes: UInt64 = 1 << 18

  /// The chains of addresses that the line table's unit at `lineUnit` describes.
  func chains(
    of addresses: [UInt64], lineUnit: UInt64, elf: ELFFile, file: ImageFile
  ) -> [UInt64: CallChain] {
    guard let unit = unit(lineUnit: lineUnit, file: file), unit.size <= Self.largestUnit,
      let bytes = file.bytes(at: entries.offset + unit.offset, count: unit.size),
      let shapes = shapes(of: unit, count: Self.largestShapes, file: file)
    else { return [:] }
    let tables = DebugTables(elf: elf, file: file, unit: unit)
    return CallChainReader.chains(of: addresses, tables: tables, bytes: bytes, abbreviations: shapes)
  }

  /// The unit whose line table starts at `lineUnit`: two small reads for each unit before it.
  private func unit(lineUnit: UInt64, file: ImageFile) -> DebugUnit? {
    var offset: UInt64 = 0
    while offset < entries.size {
      let available = entries.size - offset
      guard let head = file.bytes(at: entries.offset + offset, count: min(available, DebugUnit.headSize)),
        var unit = DebugUnit(head: head, offset: offset, available: available)
      else { return nil }
      if unit.isSupported, let shapes = shapes(of: unit, count: 1 << 14, file: file) {
        unit.readAttributes(head: head, abbreviations: shapes)
        if unit.base(DebugAbbreviation.Name.lineTable) == lineUnit { return unit }
      }
      offset += unit.size
    }
    return nil
  }

  private func shapes(of unit: DebugUnit, count: UInt64, file: ImageFile) -> [UInt8]? {
    guard unit.abbreviations < abbreviations.size else { return nil }
    let available = abbreviations.size - unit.abbreviations
    return file.bytes(at: abbreviations.offset + unit.abbreviations, count: min(count, available))
  }
}
