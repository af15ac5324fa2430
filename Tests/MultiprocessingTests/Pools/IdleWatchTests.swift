import Testing

@testable import Multiprocessing

@Suite struct IdleWatchTests {
  private let start = ContinuousClock.now

  private func second(_ number: Int) -> ContinuousClock.Instant { start + .seconds(number) }

  @Test func `one timer is set, whatever workers do meanwhile`() {
    var watch = IdleWatch(timeout: .seconds(10))
    #expect(watch.rest(1, at: second(0)) == second(10))
    for number in 1...5 { #expect(watch.rest(number % 2 + 1, at: second(number)) == nil) }
    // Nobody has rested for ten seconds: the timer is set for who will be the first to have.
    let early = watch.look(at: second(10))
    #expect(early.idle.isEmpty && early.next == second(14))
    let due = watch.look(at: second(14))
    #expect(due.idle == [1] && due.next == second(15))
    let last = watch.look(at: second(15))
    #expect(last.idle == [2] && last.next == nil)
  }

  @Test func `when nobody rests no timer is set, and the next rest sets one`() {
    var watch = IdleWatch(timeout: .seconds(10))
    _ = watch.rest(1, at: second(0))
    watch.remove(1)
    let look = watch.look(at: second(10))
    #expect(look.idle.isEmpty && look.next == nil)
    #expect(watch.rest(2, at: second(11)) == second(21))
  }
}
