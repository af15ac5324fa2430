extension Program {
  static let typedAndBoxed = Program(
    "typed-and-boxed", rows: [1, 2], .background, "a + b with types known, and with boxed values"
  ) {
    let a = 1
    let b = 2
    let c = a + b
    print("typed: c = \(c)")

    // What Python does for every value: a box that must be asked for its type before each use.
    let boxes: [Any] = [1, 2]
    let sum = boxes.compactMap { $0 as? Int }.reduce(0, +)
    print("boxed: c = \(sum)")
    print("bytes: \(MemoryLayout<Int>.size) and \(MemoryLayout<Any>.size)")
  }
}
