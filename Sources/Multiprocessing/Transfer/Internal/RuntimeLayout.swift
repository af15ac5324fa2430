/// What the runtime knows about a type's layout: the only file of this folder that uses undocumented calls and layouts.
///
/// `RuntimeLayoutTests` pins what is relied on here.
enum RuntimeLayout {
  /// Whether values of the type are plain bytes: no references, nothing to run on copy or destroy.
  ///
  /// `_isPOD` is underscored; a conditional conformance on `BitwiseCopyable` cannot be asked for at run time.
  @inline(__always)
  static func isTriviallyCopyable<T>(_ type: T.Type) -> Bool { _isPOD(type) }

  /// Whether the type is an `Optional`.
  ///
  /// Reads the kind word that every type's metadata starts with (`MetadataKind.def` of the runtime: 0x202 is Optional).
  /// A cast to a protocol says the same and costs fifty times as much.
  @inline(__always)
  static func isOptional<T>(_ type: T.Type) -> Bool {
    // SAFETY: a metatype of a generic parameter is a pointer to metadata: it starts with its kind and lives for ever.
    unsafeBitCast(type as Any.Type, to: UnsafePointer<UInt>.self).pointee == 0x202
  }

  // SAFETY: `object` is a live object of Swift's own, to which the caller owns a reference without holding a variable.
  /// Whether there is one reference to an object and no more.
  @inline(never)
  static func isReferencedOnce(_ object: UnsafeMutableRawPointer) -> Bool {
    var reference = object
    // SAFETY: a pointer to an object lies in memory like a variable that refers to it; this one owns nothing.
    return withUnsafeMutableBytes(of: &reference) {
      isKnownUniquelyReferenced(&$0.assumingMemoryBound(to: AnyObject.self)[0])
    }
  }

  /// The object that a container is a reference to; nil if a container is something else.
  @inline(__always)
  static func box<Key>(of container: KeyedEncodingContainer<Key>) -> AnyObject? {
    guard MemoryLayout<KeyedEncodingContainer<Key>>.size == MemoryLayout<AnyObject>.size else { return nil }
    // SAFETY: the container's only stored property is its box, an object (`Codable.swift` of the standard library).
    return unsafeBitCast(container, to: AnyObject.self)
  }

  /// The container that is a reference to a box of one with such keys.
  @inline(__always)
  static func container<Key>(_ box: AnyObject, _ type: Key.Type) -> KeyedEncodingContainer<Key> {
    // SAFETY: the reverse of `box(of:)`, with the same key type, as the caller has made sure.
    unsafeBitCast(box, to: KeyedEncodingContainer<Key>.self)
  }

  /// The object that a container is a reference to; nil if a container is something else.
  @inline(__always)
  static func box<Key>(of container: KeyedDecodingContainer<Key>) -> AnyObject? {
    guard MemoryLayout<KeyedDecodingContainer<Key>>.size == MemoryLayout<AnyObject>.size else { return nil }
    // SAFETY: as above.
    return unsafeBitCast(container, to: AnyObject.self)
  }

  /// The container that is a reference to a box of one with such keys.
  @inline(__always)
  static func decodingContainer<Key>(_ box: AnyObject, _ type: Key.Type) -> KeyedDecodingContainer<Key> {
    // SAFETY: as above.
    unsafeBitCast(box, to: KeyedDecodingContainer<Key>.self)
  }
}
