/// A place in a program's code that means the same in every process that maps the same files.
package struct ImageAddress: Hashable, Sendable, Codable {
  /// Path of the executable or library; empty for the main executable.
  package var image: String
  /// Address less the image's load bias: the address of the ELF file's own symbol table.
  package var offset: UInt64
  /// True for all frames but the one that faulted: the call is before this address.
  package var isReturnAddress: Bool

  package init(image: String, offset: UInt64, isReturnAddress: Bool) {
    self.image = image
    self.offset = offset
    self.isReturnAddress = isReturnAddress
  }
}
