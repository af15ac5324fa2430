internal import CMultiprocessing
internal import Glibc

// SAFETY: addresses are compared and computed with here, not read through. Only `TypePlace` passes them on to be read:
// a metatype is one pointer to its metadata, which lives as long as the process, and a descriptor is the address of a
// type's descriptor in an image of the same identity, as `TypePlace.descriptor` gave it in this process or another.

/// A loaded executable or library, and what tells it from every other file.
package struct Image: Sendable, Hashable {
  /// What the loader added to the file's addresses.
  package let bias: UInt
  package let range: Range<UInt>
  /// The same text in every process that loaded the same file: the build id, else path, inode, size and time.
  package let identity: String
  /// True for the main executable.
  package let isMain: Bool

  /// The image that holds an address.
  package static func holding(_ address: UnsafeRawPointer) -> Image? {
    var image = mp_image()
    let index = mp_image_of_address(address, &image)
    return index < 0 ? nil : Image(image, isMain: index == 0)
  }

  /// The executable of this process.
  package static let main: Image? = {
    var image = mp_image()
    return mp_image_at(0, &image) == 0 ? Image(image, isMain: true) : nil
  }()

  /// The images of this process, the main executable first. Looks at every one: `main` costs less.
  package static func all() -> [Image] {
    var images: [Image] = []
    var image = mp_image()
    while mp_image_at(Int32(images.count), &image) == 0 { images.append(Image(image, isMain: images.isEmpty)) }
    return images
  }

  private init(_ image: mp_image, isMain: Bool) {
    let path = image.path.map { String(cString: $0) } ?? ""
    bias = image.bias
    range = image.low..<max(image.low, image.high)
    self.isMain = isMain
    identity =
      image.build_id_length > 0
      ? Self.hexadecimal(image) : Self.fileIdentity(of: isMain ? "/proc/self/exe" : path, isMain: isMain)
  }

  /// The build id as text. By hand: every child needs it at its start, and the general way is made of a dozen generic types.
  private static func hexadecimal(_ image: mp_image) -> String {
    let count = Int(min(image.build_id_length, UInt32(MP_BUILD_ID)))
    // SAFETY: two digits for each byte of the array are what the text has room for.
    return withUnsafeBytes(of: image.build_id) { bytes in
      String(unsafeUninitializedCapacity: 2 * count) { text in
        var index = 0
        while index < count {
          text[2 * index] = digit(bytes[index] >> 4)
          text[2 * index + 1] = digit(bytes[index] & 15)
          index += 1
        }
        return 2 * count
      }
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

  private static func fileIdentity(of path: String, isMain: Bool) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    let time = status.st_mtim
    let file = "\(status.st_dev):\(status.st_ino):\(status.st_size):\(time.tv_sec).\(time.tv_nsec)"
    return isMain ? file : "\(path):\(file)"
  }

  /// The address at an offset of this image, nil when it lies outside.
  package func address(at offset: UInt) -> UnsafeRawPointer? {
    range.contains(offset) ? UnsafeRawPointer(bitPattern: bias &+ offset) : nil
  }

  package func offset(of address: UnsafeRawPointer) -> UInt { UInt(bitPattern: address) &- bias }
}

/// Swift types by their place in an image (`mp_image.h`).
package enum TypePlace {
  package static func descriptor(of type: Any.Type) -> UnsafeRawPointer? {
    mp_type_descriptor(unsafeBitCast(type, to: UnsafeRawPointer.self))
  }

  package static func type(at descriptor: UnsafeRawPointer) -> Any.Type? {
    mp_type_metadata(descriptor).map { unsafeBitCast($0, to: Any.Type.self) }
  }
}
