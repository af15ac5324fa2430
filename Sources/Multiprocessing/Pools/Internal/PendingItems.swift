/// Items that wait for a worker: higher priority first, and first in, first out within one.
struct PendingItems {
  private struct Lane {
    let priority: UInt8
    var items: [PoolMachine.ItemID] = []
    var head = 0
    var front: [PoolMachine.ItemID] = []
  }

  /// Descending by priority.
  private var lanes: [Lane] = []
  private var members: Set<PoolMachine.ItemID> = []

  var count: Int { members.count }
  var isEmpty: Bool { members.isEmpty }
  var all: [PoolMachine.ItemID] {
    lanes.flatMap { $0.front.reversed() + $0.items[$0.head...] }.filter(members.contains)
  }

  mutating func append(_ item: PoolMachine.ItemID, priority: UInt8) {
    members.insert(item)
    lanes[lane(of: priority)].items.append(item)
  }

  /// Puts an item back before all others of its priority.
  mutating func prepend(_ item: PoolMachine.ItemID, priority: UInt8) {
    members.insert(item)
    lanes[lane(of: priority)].front.append(item)
  }

  /// Removed items stay in their lane until they come up.
  mutating func remove(_ item: PoolMachine.ItemID) -> Bool { members.remove(item) != nil }

  /// Takes the first item that fits. What does not fit keeps its place.
  mutating func take(where fits: (PoolMachine.ItemID) -> Bool) -> PoolMachine.ItemID? {
    guard !members.isEmpty else { return nil }
    for index in lanes.indices {
      if let item = takeFront(index, fits) ?? takeBack(index, fits) {
        members.remove(item)
        return item
      }
    }
    return nil
  }

  private mutating func takeFront(
    _ lane: Int, _ fits: (PoolMachine.ItemID) -> Bool
  ) -> PoolMachine.ItemID? {
    var position = lanes[lane].front.count
    while position > 0 {
      position -= 1
      let item = lanes[lane].front[position]
      if !members.contains(item) {
        lanes[lane].front.remove(at: position)
      } else if fits(item) {
        return lanes[lane].front.remove(at: position)
      }
    }
    return nil
  }

  private mutating func takeBack(
    _ lane: Int, _ fits: (PoolMachine.ItemID) -> Bool
  ) -> PoolMachine.ItemID? {
    var position = lanes[lane].head
    while position < lanes[lane].items.count {
      let item = lanes[lane].items[position]
      let isGone = !members.contains(item)
      if isGone || fits(item) {
        // Removal may move what follows: the head is where it goes on.
        let wasHead = position == lanes[lane].head
        removeItem(at: position, lane)
        if !isGone { return item }
        if wasHead { position = lanes[lane].head }
      } else {
        position += 1
      }
    }
    return nil
  }

  private mutating func removeItem(at position: Int, _ lane: Int) {
    if position == lanes[lane].head {
      lanes[lane].head += 1
      // Amortised: what was taken is let go when it is the larger half.
      if lanes[lane].head > 64, lanes[lane].head * 2 > lanes[lane].items.count {
        lanes[lane].items.removeFirst(lanes[lane].head)
        lanes[lane].head = 0
      }
    } else {
      lanes[lane].items.remove(at: position)
    }
  }

  private mutating func lane(of priority: UInt8) -> Int {
    let index = lanes.firstIndex { $0.priority <= priority } ?? lanes.count
    if index == lanes.count || lanes[index].priority != priority { lanes.insert(Lane(priority: priority), at: index) }
    return index
  }
}
