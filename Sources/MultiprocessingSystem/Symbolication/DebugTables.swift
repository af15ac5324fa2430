/// The tables that attributes of `.debug_info` point into, for one unit.
struct DebugTables {
  typealias Name = DebugAbbreviation.Name

  let elf: ELFFile
  let file: ImageFile
  let unit: DebugUnit

  private func bytes(_ section: String, at offset: UInt64, count: UInt64) -> [UInt8]? {
    guard let section = elf.section(named: section), offset < section.size else { return nil }
    let (start, overflow) = section.offset.addingReportingOverflow(offset)
    guard !overflow, start < file.size else { return nil }
    return file.bytes(at: start, count: min(count, section.size - offset, file.size - start))
  }

  private func entry(_ section: String, base: UInt64?, index: UInt64, size: Int) -> UInt64? {
    guard let base else { return nil }
    let (distance, tooFar) = index.multipliedReportingOverflow(by: UInt64(size))
    let (offset, overflow) = base.addingReportingOverflow(distance)
    guard !tooFar, !overflow, let bytes = bytes(section, at: offset, count: UInt64(size)) else { return nil }
    var reader = ByteReader(bytes)
    let value = reader.unsigned(size: size)
    return reader.isExhausted ? nil : value
  }

  /// The text that a string attribute stands for.
  func text(_ value: DebugForm.Value?) -> String? {
    switch value {
    case .text(let text)?: return text
    case .string(let section, let offset)?:
      return elf.section(named: section).flatMap { ELFFile.string(at: offset, in: $0, of: file, longest: 4096) }
    case .stringIndex(let index)?:
      let base = unit.base(Name.stringOffsetsBase)
      let offset = entry(".debug_str_offsets", base: base, index: index, size: unit.is64 ? 8 : 4)
      return offset.flatMap { text(.string(section: ".debug_str", offset: $0)) }
    default: return nil
    }
  }

  func address(_ value: DebugForm.Value?) -> UInt64? {
    switch value {
    case .address(let address)?: address
    case .addressIndex(let index)?: addressEntry(index)
    default: nil
    }
  }

  private func addressEntry(_ index: UInt64) -> UInt64? {
    entry(".debug_addr", base: unit.base(Name.addressBase), index: index, size: 8)
  }

  /// The code an entry covers: from its bounds, or its list of ranges.
  func ranges(of values: [UInt64: DebugForm.Value]) -> [Range<UInt64>] {
    if let list = values[Name.ranges] { return ranges(list) }
    guard let low = address(values[Name.lowAddress]) else { return [] }
    let high: UInt64? =
      switch values[Name.highAddress] {
      case .number(let length)?: low &+ length
      case let value: address(value)
      }
    return high.flatMap { low < $0 ? [low..<$0] : nil } ?? []
  }
}

extension DebugTables {
  /// No sensible function is in more pieces; a list is cut there.
  private static let longestList: UInt64 = 1 << 14

  private var lowAddress: UInt64 { address(unit.attributes[Name.lowAddress]) ?? 0 }

  private func ranges(_ list: DebugForm.Value) -> [Range<UInt64>] {
    switch list {
    case .number(let offset) where unit.version < 5:
      return bytes(".debug_ranges", at: offset, count: Self.longestList).map(pairs) ?? []
    case .number(let offset):
      return bytes(".debug_rnglists", at: offset, count: Self.longestList).map(rangeList) ?? []
    case .rangeListIndex(let index):
      let base = unit.base(Name.rangeListsBase)
      let distance = entry(".debug_rnglists", base: base, index: index, size: unit.is64 ? 8 : 4)
      guard let base, let distance else { return [] }
      return bytes(".debug_rnglists", at: base &+ distance, count: Self.longestList).map(rangeList) ?? []
    default: return []
    }
  }

  /// DWARF 2 to 4: pairs of addresses, ended by two zeros; a first address of all ones sets the base.
  private func pairs(_ bytes: [UInt8]) -> [Range<UInt64>] {
    var reader = ByteReader(bytes)
    var base = lowAddress
    var result: [Range<UInt64>] = []
    while true {
      let low = reader.uint64()
      let high = reader.uint64()
      if reader.isExhausted || (low == 0 && high == 0) { return result }
      if low == .max { base = high } else { Self.append(low &+ base, high &+ base, to: &result) }
    }
  }

  private static func append(_ low: UInt64?, _ high: UInt64?, to ranges: inout [Range<UInt64>]) {
    if let low, let high, low < high { ranges.append(low..<high) }
  }

  /// DWARF 5: a small byte code.
  private func rangeList(_ bytes: [UInt8]) -> [Range<UInt64>] {
    var reader = ByteReader(bytes)
    var base = lowAddress
    var result: [Range<UInt64>] = []
    while !reader.isExhausted {
      switch reader.uint8() {
      case 1: base = addressEntry(reader.uleb()) ?? 0
      case 2: Self.append(addressEntry(reader.uleb()), addressEntry(reader.uleb()), to: &result)
      case 3:
        let low = addressEntry(reader.uleb())
        let length = reader.uleb()
        Self.append(low, low.map { $0 &+ length }, to: &result)
      case 4: Self.append(base &+ reader.uleb(), base &+ reader.uleb(), to: &result)
      case 5: base = reader.uint64()
      case 6: Self.append(reader.uint64(), reader.uint64(), to: &result)
      case 7:
        let low = reader.uint64()
        Self.append(low, low &+ reader.uleb(), to: &result)
      default: return result
      }
    }
    return result
  }
}
