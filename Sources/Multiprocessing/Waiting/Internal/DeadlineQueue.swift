/// Deadlines in order, each with a key: a binary heap whose cancelled entries stay until they come up, or until they are
/// more than the others.
struct DeadlineQueue {
  private struct Entry {
    let deadline: ContinuousClock.Instant
    let key: UInt64
  }

  private var heap: [Entry] = []
  private var live: Set<UInt64> = []

  /// The earliest deadline that was not cancelled.
  mutating func earliest() -> ContinuousClock.Instant? {
    dropCancelled()
    return heap.first?.deadline
  }

  mutating func insert(_ deadline: ContinuousClock.Instant, key: UInt64) {
    live.insert(key)
    heap.append(Entry(deadline: deadline, key: key))
    siftUp(heap.count - 1)
  }

  mutating func cancel(_ key: UInt64) {
    guard live.remove(key) != nil, heap.count > Self.fewest, heap.count > 2 * live.count else { return }
    // What is sorted is a heap. At least as many were removed since the last time.
    heap = heap.filter { live.contains($0.key) }.sorted { $0.deadline < $1.deadline }
  }

  /// Entries in memory, cancelled ones among them.
  var entryCount: Int { heap.count }

  /// So many are not worth tidying.
  private static let fewest = 64

  /// Takes the key of the earliest deadline that has passed.
  mutating func popDue(at now: ContinuousClock.Instant) -> UInt64? {
    dropCancelled()
    guard let first = heap.first, first.deadline <= now else { return nil }
    removeFirst()
    live.remove(first.key)
    return first.key
  }

  private mutating func dropCancelled() {
    while let first = heap.first, !live.contains(first.key) { removeFirst() }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown(0)
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].deadline <= heap[child].deadline { return }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].deadline < heap[least].deadline { least = child }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
