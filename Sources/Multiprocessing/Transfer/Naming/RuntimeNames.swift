internal import Synchronization

/// Types by name, through the runtime's underscored calls: the only file that uses them.
///
/// `RuntimeNamesTests` pins what is relied on here.
enum RuntimeNames {
  /// The mangled name of a type, the same in every process of the same source. The runtime keeps the text.
  static func mangledName(of type: Any.Type) -> String? { _mangledTypeName(type) }

  /// The type with a mangled name; nil when this process has none. Looked up once: a look-up takes 0.7 µs and more.
  static func type(named name: String) -> Any.Type? {
    if let known = known.withLock({ $0[name] }) { return known }
    guard let found = _typeByName(name) else { return nil }
    known.withLock { $0[name] = found }
    return found
  }

  private static let known = Mutex<[String: Any.Type]>([:])

  /// True for a name that holds an address: that of a private or local type (`$` and hex digits, then `yXZ`).
  static func isAnonymous(_ name: String) -> Bool {
    var rest = Substring(name)
    while let dollar = rest.firstIndex(of: "$") {
      rest = rest[rest.index(after: dollar)...]
      let digits = rest.prefix { $0.isHexDigit }
      if !digits.isEmpty, rest.dropFirst(digits.count).hasPrefix("yXZ") { return true }
    }
    return false
  }
}
