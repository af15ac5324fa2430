internal import Multiprocessing

extension Program {
  static let valueAndArray = Program(
    "value-and-array", rows: [16], .sharing, "a child changes a number and an array of its parent's"
  ) {
    let number = try SharedValue(0.0)
    let array = try SharedArray(0..<10)
    let child = try ChildProcess.start(number, array) { number, array in
      number.value = 3.1415927
      for index in array.indices { array[index] = -array[index] }
    }
    try await child.join()
    print(number.value)
    print(array.snapshot())
  }
}
