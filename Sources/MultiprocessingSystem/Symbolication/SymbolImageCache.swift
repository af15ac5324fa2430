internal import Synchronization

/// The images used last, so that one crash after another costs one parse.
final class SymbolImageCache: Sendable {
  private struct Entry {
    var path: String
    var identity: ImageFile.Identity
    var image: SymbolImage
  }

  /// The entry used last is the last.
  private let entries = Mutex<[Entry]>([])
  private let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
  }

  var count: Int { entries.withLock(\.count) }

  /// The tables of `file`, parsed outside the lock: two callers may both parse, and the later one's result stays.
  func image(path: String, file: ImageFile) -> SymbolImage? {
    if let known = touch(path: path, identity: file.identity) { return known }
    guard let image = SymbolImage(file) else { return nil }
    entries.withLock { entries in
      entries.removeAll { $0.path == path }
      entries.append(Entry(path: path, identity: file.identity, image: image))
      if entries.count > capacity { entries.removeFirst() }
    }
    return image
  }

  private func touch(path: String, identity: ImageFile.Identity) -> SymbolImage? {
    entries.withLock { entries in
      guard let index = entries.firstIndex(where: { $0.path == path && $0.identity == identity }) else { return nil }
      let entry = entries.remove(at: index)
      entries.append(entry)
      return entry.image
    }
  }
}
