internal import CMultiprocessing
internal import Glibc

/// Turns linker names into the names people wrote.
enum Demangler {
  /// `name` in short readable form; a name of another language than Swift and C++ comes back as it is.
  static func readable(_ name: String) -> String {
    if swiftPrefixes.contains(where: name.hasPrefix), let full = swift(name) { return SwiftName.shortened(full) }
    if name.hasPrefix("_Z"), let full = cPlusPlus(name) { return full }
    return name
  }

  private static let swiftPrefixes = ["$s", "$S", "$e", "_T0", "@__swiftmacro_"]

  private static func swift(_ name: String) -> String? {
    // The compiler writes the spaces of a raw identifier (a test's sentence) as no-break spaces.
    take(mp_swift_demangle(name, name.utf8.count)).map { text in
      String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{a0}" ? " " : $0 }))
    }
  }

  private typealias Function =
    @convention(c) (
      // SAFETY: as the Itanium C++ ABI declares it: a name, no buffer, no length, no status; the result is from malloc.
      UnsafePointer<CChar>, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int32>?
    ) -> UnsafeMutablePointer<CChar>?

  /// Looked up at run time: the C++ library is there when Swift's is dynamic, but a program need not link to it.
  private static let cPlusPlusFunction: Function? = dlsym(nil, "__cxa_demangle").map {
    // SAFETY: the Itanium C++ ABI fixes the signature of this name.
    unsafeBitCast($0, to: Function.self)
  }

  private static func cPlusPlus(_ name: String) -> String? {
    take(cPlusPlusFunction?(name, nil, nil, nil))
  }

  // SAFETY: the caller gives the text away: nobody else holds it when it is freed.
  /// Copies and frees a C string that was allocated for us.
  private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    guard let text else { return nil }
    defer { free(text) }
    // SAFETY: both demanglers return zero-terminated text from malloc.
    return String(cString: text)
  }
}
