/// The parsed tables of one image file.
final class SymbolImage: Sendable {
  private let elf: ELFFile
  private let symbols: SymbolTable?
  private let lines: LineTable?
  private let debugInfo: DebugInfo?

  /// Nil when the file is no ELF file that we understand.
  init?(_ file: ImageFile) {
    guard let elf = ELFFile(file) else { return nil }
    self.elf = elf
    symbols = SymbolTable(elf, file: file)
    lines = LineTable(elf, file: file)
    debugInfo = DebugInfo(elf, file: file)
  }

  /// What is known of each address; `file` is the one this was made from.
  func places(of addresses: Set<UInt64>, file: ImageFile) -> [UInt64: CodePlace] {
    var places: [UInt64: CodePlace] = [:]
    for address in addresses {
      let function = symbols?.function(containing: address)
      places[address] = CodePlace(function: function.flatMap { symbols?.name(of: $0, file: file) })
    }
    for found in lines?.rows(of: addresses, file: file) ?? [] where !found.rows.isEmpty {
      let chains = debugInfo?.chains(of: Array(found.rows.keys), lineUnit: found.unit, elf: elf, file: file) ?? [:]
      for (address, row) in found.rows {
        places[address]?.add(row, chain: chains[address]) { found.header.fileName($0, in: elf, file: file) }
      }
    }
    return places
  }
}
