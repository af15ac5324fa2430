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
}
