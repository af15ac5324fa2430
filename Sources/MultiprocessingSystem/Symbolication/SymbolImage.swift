/// The parsed tables of one image file.
final class SymbolImage: Sendable {
  let elf: ELFFile
  let symbols: SymbolTable?
  let lines: LineTable?

  /// Nil when the file is no ELF file that we understand.
  init?(_ file: ImageFile) {
    guard let elf = ELFFile(file) else { return nil }
    self.elf = elf
    symbols = SymbolTable(elf, file: file)
    lines = LineTable(elf, file: file)
  }
}
