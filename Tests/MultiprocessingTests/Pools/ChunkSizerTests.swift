import Testing

@testable import Multiprocessing

@Suite struct ChunkSizerTests {
  private func sizer(_ size: Int?, taking nanoseconds: Double, steps: Int = 8, bytes: Int = 1) -> ChunkSizer {
    var sizer = ChunkSizer(size: size)
    for _ in 0..<steps {
      let count = sizer.size(left: 1_000_000_000, workers: 2)
      sizer.note(count: count, nanoseconds: nanoseconds * Double(count), bytes: bytes * count)
    }
    return sizer
  }

  @Test func `the first of few inputs goes alone, and so do slow ones`() {
    #expect(ChunkSizer(size: nil).size(left: 127, workers: 2) == 1)
    #expect(ChunkSizer(size: nil).size(left: 128, workers: 2) == 2)
    #expect(ChunkSizer(size: nil).size(left: 1_000_000, workers: 2) == 64, "many begin with small chunks")
    #expect(ChunkSizer(size: 1).size(left: 1_000_000, workers: 2) == 1, "but not when a size was asked for")
    #expect(sizer(nil, taking: 2_000_000).size(left: 100, workers: 2) == 1)
    #expect(sizer(nil, taking: 20_000_000).window(for: 1) == 1, "none waits behind a slow one")
  }

  @Test func `quick inputs travel together, at most 16 times as many as before`() {
    var sizer = ChunkSizer(size: nil)
    sizer.note(count: 1, nanoseconds: 10, bytes: 1)
    #expect(sizer.size(left: 1_000_000, workers: 2) == 16)
    #expect(sizer.window(for: 16) == 2, "the next is there when the first is done")
    #expect(self.sizer(nil, taking: 100).size(left: 1_000_000_000, workers: 2) == 10_000, "a millisecond of work")
  }

  @Test func `what earlier maps learned says how the first chunks are cut, but each worker has its share at once`() {
    let quick = ChunkSizer.Experience(cost: 20, bytes: 8)
    #expect(ChunkSizer(size: nil, quick).size(left: 1_000_000_000, workers: 2) == 2016, "what goes through a ring")
    #expect(ChunkSizer(size: nil, quick).size(left: 8, workers: 2) == 2)
    #expect(ChunkSizer(size: nil, quick).size(left: 2, workers: 2) == 1)
    #expect(ChunkSizer(size: 1, quick).size(left: 1_000, workers: 2) == 250)
    #expect(ChunkSizer(size: nil, quick).window(for: 2) == 1, "these inputs may be others: none waits behind another")
    let slow = ChunkSizer.Experience(cost: 5_000_000, bytes: 8)
    #expect(ChunkSizer(size: nil, slow).size(left: 1_000_000, workers: 2) == 1)
    #expect(ChunkSizer(size: 3, slow).size(left: 1_000_000, workers: 2) == 3)
  }

  @Test func `a given size is the least, and fifty microseconds of work the most`() {
    #expect(sizer(100, taking: 1_000_000).size(left: 1_000, workers: 2) == 100)
    #expect(sizer(1, taking: 10_000).size(left: 1_000, workers: 2) == 5)
    #expect(sizer(3, taking: 10_000).size(left: 1_000, workers: 2) == 3, "whole chunks only")
  }

  @Test func `the last inputs are shared out, but not in chunks that cost more to send than to run`() {
    let quick = sizer(nil, taking: 1_000)
    #expect(quick.size(left: 1_000, workers: 2) == 250)
    #expect(quick.size(left: 40, workers: 2) == 20)
    #expect(quick.size(left: 3, workers: 2) == 3)
    #expect(sizer(nil, taking: 10_000).size(left: 4, workers: 2) == 2)
    #expect(sizer(nil, taking: 30_000).size(left: 4, workers: 2) == 1)
    #expect(sizer(50, taking: 10).size(left: 20, workers: 2) == 20)
  }

  @Test func `large inputs and results stay within a message`() {
    #expect(sizer(nil, taking: 10, bytes: 1_500).size(left: 1_000_000, workers: 2) == 10)
    #expect(sizer(nil, taking: 10, bytes: 1_000_000).size(left: 1_000_000, workers: 2) == 1)
  }

  @Test func `one slow input among quick ones makes chunks smaller, quick ones make them large again`() {
    var sizer = sizer(nil, taking: 100)
    let before = sizer.size(left: 1_000_000_000, workers: 2)
    sizer.note(count: 1, nanoseconds: 1_000_000, bytes: 1)
    #expect(sizer.size(left: 1_000_000_000, workers: 2) < before / 100)
    sizer.note(count: 10, nanoseconds: 1_000, bytes: 10)
    #expect(sizer.size(left: 1_000_000_000, workers: 2) == before)
  }

  @Test(arguments: [Double.nan, -.infinity, .infinity, -1])
  func `a time that cannot be is not believed`(nanoseconds: Double) {
    var sizer = ChunkSizer(size: nil)
    sizer.note(count: 1, nanoseconds: nanoseconds, bytes: 1)
    #expect(sizer.size(left: 100, workers: 2) == 1)
  }

  @Test func `inputs of their own go alone, however quick`() {
    var sizer = ChunkSizer.single
    sizer.note(count: 1, nanoseconds: 1, bytes: 1)
    #expect(sizer.size(left: 1_000, workers: 2) == 1)
    #expect(sizer.window(for: 1) == 1)
  }
}
