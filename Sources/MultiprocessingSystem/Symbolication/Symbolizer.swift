internal import Glibc

/// Turns places in code into text: function, and file and line where debug information allows.
///
/// Reads the ELF files themselves; no external tool, and nothing of another process. The forms, best first:
/// `app.isPrime(_:) at main.swift:12`, `app.isPrime(_:) in app`, `app+0x1a2b`. A trap of the Swift runtime is named
/// after a colon, and a function that was inlined is named before the one it became a part of:
/// `app.half(_:) inlined in app.run() at main.swift:7: arithmetic overflow`.
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
    let places = image.places(of: Set(addresses.map(\.lookup)), file: file)
    return addresses.map { address in
      let plain = unknown(address, in: name)
      return printable(places[address.lookup]?.described(image: name, address: plain) ?? plain)
    }
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
