/// Items that wait for a worker: higher priority first, and first in, first out within one. Priorities age: what was
/// passed over so many times for higher ones has its turn.
struct PendingItems {
  /// What decides how many of them a worker may have in hand.
  struct Kind: Hashable {
    var pace: Pace.ID?
    var window = 1
  }

  private struct Lane {
    let priority: UInt8
    var items: [PoolMachine.ItemID] = []
    var head = 0
    var front: [PoolMachine.ItemID] = []
    /// How many members it has.
    var count = 0
    /// How many items of higher lanes were taken since one of this was.
    var passedOver = 0
  }

  /// Descending by priority.
  private var lanes: [Lane] = []
  private var members: [PoolMachine.ItemID: (priority: UInt8, kind: Kind)] = [:]
  /// How many members of each kind there are: whether a worker may have any of thousands is known without a look at each.
  private var kinds: [Kind: Int] = [:]
  private let patience: Int

  /// A lane that was passed over `patience` times comes first.
  init(patience: Int = 64) { self.patience = patience }

  var count: Int { members.count }
  var isEmpty: Bool { members.isEmpty }
  /// By priority, ages apart.
  var all: [PoolMachine.ItemID] {
    lanes.flatMap { $0.front.reversed() + $0.items[$0.head...] }.filter { members[$0] != nil }
  }

  var kindsPresent: Dictionary<Kind, Int>.Keys { kinds.keys }

  mutating func append(_ item: PoolMachine.ItemID, priority: UInt8, kind: Kind = Kind()) {
    let lane = add(item, priority, kind)
    lanes[lane].items.append(item)
  }

  /// Puts an item back before all others of its priority.
  mutating func prepend(_ item: PoolMachine.ItemID, priority: UInt8, kind: Kind = Kind()) {
    let lane = add(item, priority, kind)
    lanes[lane].front.append(item)
  }

  private mutating func add(_ item: PoolMachine.ItemID, _ priority: UInt8, _ kind: Kind) -> Int {
    members[item] = (priority, kind)
    kinds[kind, default: 0] += 1
    let lane = lane(of: priority)
    lanes[lane].count += 1
    return lane
  }

  /// Removed items stay in their lane until they come up.
  mutating func remove(_ item: PoolMachine.ItemID) -> Bool {
    guard let priority = removeMember(item) else { return false }
    leave(lane(of: priority))
    return true
  }

  private mutating func removeMember(_ item: PoolMachine.ItemID) -> UInt8? {
    guard let (priority, kind) = members.removeValue(forKey: item) else { return nil }
    let rest = (kinds[kind] ?? 1) - 1
    kinds[kind] = rest == 0 ? nil : rest
    return priority
  }

  private mutating func leave(_ lane: Int) {
    lanes[lane].count -= 1
    // What is left there was removed.
    if lanes[lane].count == 0 { lanes[lane] = Lane(priority: lanes[lane].priority) }
  }

  enum Fit {
    case yes, no
    /// Nor is there to be any behind it.
    case stop
  }

  /// Takes the first item that fits. What does not fit keeps its place.
  mutating func take(where fits: (PoolMachine.ItemID) -> Bool) -> PoolMachine.ItemID? {
    take { fits($0) ? .yes : .no }
  }

  /// The same until an item stops the search.
  mutating func take(_ fits: (PoolMachine.ItemID) -> Fit) -> PoolMachine.ItemID? {
    guard !members.isEmpty else { return nil }
    var isOver = false
    // The highest of those that have waited for too long, then the others.
    for isDue in [true, false] {
      for lane in lanes.indices where lanes[lane].count > 0 && (lanes[lane].passedOver >= patience) == isDue {
        if let item = takeFront(lane, fits, &isOver) ?? takeBack(lane, fits, &isOver) {
          _ = removeMember(item)
          age(after: lane)
          return item
        }
        if isOver { return nil }
      }
    }
    return nil
  }

  private mutating func age(after lane: Int) {
    lanes[lane].passedOver = 0
    leave(lane)
    for lower in lanes.indices where lower > lane && lanes[lower].count > 0 { lanes[lower].passedOver += 1 }
  }

  private mutating func takeFront(
    _ lane: Int, _ fits: (PoolMachine.ItemID) -> Fit, _ isOver: inout Bool
  ) -> PoolMachine.ItemID? {
    var position = lanes[lane].front.count
    while position > 0, !isOver {
      position -= 1
      let item = lanes[lane].front[position]
      guard members[item] != nil else {
        lanes[lane].front.remove(at: position)
        continue
      }
      let fit = fits(item)
      if fit == .yes { return lanes[lane].front.remove(at: position) }
      isOver = fit == .stop
    }
    return nil
  }

  private mutating func takeBack(
    _ lane: Int, _ fits: (PoolMachine.ItemID) -> Fit, _ isOver: inout Bool
  ) -> PoolMachine.ItemID? {
    var position = lanes[lane].head
    while position < lanes[lane].items.count, !isOver {
      let item = lanes[lane].items[position]
      let isGone = members[item] == nil
      let fit = isGone ? .no : fits(item)
      isOver = fit == .stop
      if isGone || fit == .yes {
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
