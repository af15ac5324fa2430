// flags: -default-isolation MainActor
// A module whose declarations belong to the main actor unless they say otherwise.
import Multiprocessing

nonisolated struct Order: Codable, Sendable {
  var item: String
  var count: Int
}

nonisolated struct Bill: ProcessTask {
  var orders: [Order]

  func run() async throws -> Int { orders.reduce(0) { $0 + total(of: $1) } }
}

nonisolated func total(of order: Order) -> Int { order.count * order.item.count }

final class Shop {
  var orders = [Order(item: "tea", count: 2), Order(item: "coffee", count: 3)]
}

@main
struct Program {
  static func main() async throws {
    let shop = Shop()
    for method in StartMethod.forTasks {
      let context = ProcessContext(method)
      let closure = try ChildProcess.start(shop.orders[0], context: context) { order in total(of: order) }
      let task = try ChildProcess.start(Bill(orders: shop.orders), context: context)
      print(method, try await closure.value, try await task.value)
    }
  }
}
