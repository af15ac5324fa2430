// Shared memory where /dev/shm has room for a megabyte, as it has for 64 of them in many a container.
import Glibc
import Multiprocessing

/// Fills memory to its last byte: what was not really there would end the program here.
func fill(_ memory: SharedMemory) -> Int {
  memory.withUnsafeMutableBytes { bytes in
    for index in bytes.indices { bytes[index] = 7 }
    return bytes.count
  }
}

@main
struct Program {
  static func main() async throws {
    print("anonymous", fill(try SharedMemory(byteCount: 8 << 20)))
    do {
      print("named", fill(try SharedMemory(creating: "/scarce-\(getpid())", byteCount: 8 << 20)))
    } catch let error as MultiprocessingError {
      print("named", error.code)
    }
    let small = "/scarce-\(getpid())"
    print("small", fill(try SharedMemory(creating: small, byteCount: 1 << 16)))
    try SharedMemory.unlink(small)
    let queue = try Queue<[UInt8]>()
    try await queue.put([UInt8](repeating: 1, count: 8 << 20))
    print("queue", try await queue.get().count)
    let pool = try ProcessPool(workers: 1)
    print("pool", try await pool.run([UInt8](repeating: 1, count: 8 << 20)) { $0 }.count)
    await pool.terminate()
  }
}
