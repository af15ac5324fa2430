/// Walks the entries of one compilation unit to find the call chains of addresses.
///
/// The entries form a tree written in order. Only functions, and what is inlined into those that contain an address,
/// are looked at; all others are stepped over.
struct CallChainReader {
  private typealias Tag = DebugAbbreviation.Tag
  private typealias Name = DebugAbbreviation.Name

  private let tables: DebugTables
  private let bytes: [UInt8]
  private let shapes: [UInt64: DebugAbbreviation]
  private var reader: ByteReader
  /// The addresses of interest at each level of the tree, outermost first.
  private var levels: [[UInt64]]
  private var chains: [UInt64: CallChain] = [:]
  /// Lists of ranges still to be read: a damaged unit may have any number, each of any length.
  private var budget = 4096

  /// - Parameters:
  ///   - bytes: the unit.
  ///   - abbreviations: the section from where the unit's shapes start.
  static func chains(
    of addresses: [UInt64], tables: DebugTables, bytes: [UInt8], abbreviations: [UInt8]
  ) -> [UInt64: CallChain] {
    let shapes = DebugAbbreviation.table(in: abbreviations, is64: tables.unit.is64)
    var reader = CallChainReader(addresses, tables: tables, bytes: bytes, shapes: shapes)
    while !reader.reader.isAtEnd, !reader.levels.isEmpty, reader.step() {}
    return reader.chains
  }

  private init(
    _ addresses: [UInt64], tables: DebugTables, bytes: [UInt8], shapes: [UInt64: DebugAbbreviation]
  ) {
    self.tables = tables
    self.bytes = bytes
    self.shapes = shapes
    reader = ByteReader(bytes, from: tables.unit.firstEntry)
    levels = [addresses]
  }

  /// Reads an entry; false when the rest cannot be understood.
  private mutating func step() -> Bool {
    let code = reader.uleb()
    if code == 0 {
      levels.removeLast()
      return true
    }
    guard let shape = shapes[code], levels.count < 1024 else { return false }
    let isFunction = shape.tag == Tag.subprogram
    // A closure's entry stands inside that of the function around it, while its code lies elsewhere.
    var inside = isFunction ? levels[0] : levels[levels.count - 1]
    if isFunction || shape.tag == Tag.inlinedSubroutine, !inside.isEmpty {
      guard let values = DebugUnit.values(of: shape, &reader, is64: tables.unit.is64) else { return false }
      inside = enter(values, addresses: inside, isInlined: !isFunction)
    } else if !skip(shape) {
      return false
    }
    if shape.hasChildren { levels.append(inside) }
    return true
  }

  private mutating func skip(_ shape: DebugAbbreviation) -> Bool {
    if let size = shape.fixedSize {
      reader.skip(UInt64(size))
      return true
    }
    return shape.attributes.allSatisfy { $0.form.skip(&reader, is64: tables.unit.is64) }
  }

  /// Notes a function for the addresses it contains, and returns those.
  private mutating func enter(
    _ values: [UInt64: DebugForm.Value], addresses: [UInt64], isInlined: Bool
  ) -> [UInt64] {
    guard budget > 0 else { return [] }
    if values[Name.ranges] != nil { budget -= 1 }
    let ranges = tables.ranges(of: values)
    let inside = addresses.filter { address in ranges.contains { $0.contains(address) } }
    guard !inside.isEmpty else { return [] }
    let name = name(values, hops: 3)
    for address in inside {
      if isInlined {
        let call = CallChain.Inlined(
          name: name, file: Self.number(values[Name.callFile]), line: Self.number(values[Name.callLine]))
        chains[address]?.inlined.append(call)
      } else {
        chains[address] = CallChain(name: name)
      }
    }
    return inside
  }

  private static func number(_ value: DebugForm.Value?) -> UInt64 {
    if case .number(let number)? = value { number } else { 0 }
  }

  /// The entry's own name, or that of the entry it is an instance of.
  private func name(_ values: [UInt64: DebugForm.Value], hops: Int) -> String? {
    if let name = tables.text(values[Name.linkageName] ?? values[Name.name]) { return name }
    let origin: UInt64? =
      switch values[Name.abstractOrigin] ?? values[Name.specification] {
      case .reference(let offset)?: offset
      case .globalReference(let offset)? where offset >= tables.unit.offset: offset - tables.unit.offset
      default: nil
      }
    guard hops > 0, let origin, origin < UInt64(bytes.count) else { return nil }
    var entry = ByteReader(bytes, from: Int(origin))
    guard let shape = shapes[entry.uleb()],
      let values = DebugUnit.values(of: shape, &entry, is64: tables.unit.is64)
    else { return nil }
    return name(values, hops: hops - 1)
  }
}
