internal import Glibc

/// Turns places in code into text: function, and file and line where debug information allows.
///
/// Reads the ELF files themselves; no external tool, and nothing of another process. The forms, best first:
/// `app.isPrime(_:) at main.swift:12`, `app.isPrime(_:) in app`, `app+0x1a2b`.
package enum Symbolizer {
  /// One line for each address, in order. Never fails: what cannot be named is given as image and offset.
  ///
  /// Takes milliseconds for an image not seen before. Paths and files need not be trustworthy.
  package static func describe(_ addresses: [ImageAddress]) -> [String] {
    var lines = Array(repeating: "", count: addresses.count)
    for (image, indices) in Dictionary(grouping: addresses.indices, by: { addresses[$0].image }) {
      let described = describe(indices.map { addresses[$0] }, image: image)
      for (index, line) in zip(indices, described) { lines[index] = line }
    }
    return lines
  }

  private static let cache = SymbolImageCache(capacity: 8)

  private static func describe(_ addresses: [ImageAddress], image path: String) -> [String] {
    let name = displayName(of: path)
    guard let file = ImageFile(path: path), let image = cache.image(path: path, file: file) else {
      return addresses.map { unknown($0, in: name) }
    }
    let locations = image.lines?.locations(of: Set(addresses.map(\.lookup)), in: image.elf, file: file) ?? [:]
    return addresses.map { address in
      let function = functionName(at: address.lookup, image: image, file: file)
      guard let location = locations[address.lookup], location.line != 0 else {
        return function.map { "\($0) in \(name)" } ?? unknown(address, in: name)
      }
      return printable("\(function ?? unknown(address, in: name)) at \(location.file):\(location.line)")
    }
  }

  private static func functionName(at address: UInt64, image: SymbolImage, file: ImageFile) -> String? {
    guard let symbols = image.symbols, let function = symbols.function(containing: address),
      let name = symbols.name(of: function, file: file)
    else { return nil }
    return printable(Demangler.readable(name))
  }

  private static func unknown(_ address: ImageAddress, in image: String) -> String {
    "\(image)+0x\(String(address.offset, radix: 16))"
  }

  /// The file's name without its directory.
  private static func displayName(of path: String) -> String {
    let whole = path.isEmpty ? ThisProcess.executablePath ?? "main" : path
    return printable(whole.split(separator: "/").last.map(String.init) ?? whole)
  }

  /// On one line, whatever a file name or a symbol contains.
  private static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }))
  }
}

extension ImageAddress {
  /// An address inside the instruction in question: that of a call ends where its return address is.
  fileprivate var lookup: UInt64 { isReturnAddress && offset > 0 ? offset - 1 : offset }
}
