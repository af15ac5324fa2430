internal import CMultiprocessing
internal import Glibc

/// Where and how a process's threads run, and how many it should have.
package enum Placement {
  /// The processors that the calling thread may run on.
  package static var processors: Set<Int> {
    var mask = [UInt64](repeating: 0, count: 1024)
    guard mp_affinity_get(&mask, UInt64(mask.count * 8)) >= 0 else { return [] }
    var processors: Set<Int> = []
    for index in mask.indices where mask[index] != 0 {
      var rest = mask[index]
      while rest != 0 {
        processors.insert(index * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return processors
  }

  /// Binds the calling thread, and those that it starts from now on.
  package static func bind(to processors: [Int]) throws {
    var mask = [UInt64](repeating: 0, count: (processors.max() ?? 0) / 64 + 1)
    for processor in processors where processor >= 0 { mask[processor / 64] |= 1 << UInt64(processor % 64) }
    try systemCall("sched_setaffinity") { mp_affinity_set(mask, UInt64(mask.count * 8)) }
  }

  /// Makes the calling thread, and those that it starts from now on, as nice as this: 0 to 19.
  package static func setNiceness(_ niceness: Int) throws {
    try systemCall("setpriority") { setpriority(Int32(PRIO_PROCESS.rawValue), 0, Int32(niceness)) }
  }

  /// What numeric libraries read, and the function that some of them have for the same.
  private static let libraries = [
    ("OMP_NUM_THREADS", "omp_set_num_threads"), ("OPENBLAS_NUM_THREADS", "openblas_set_num_threads"),
    ("MKL_NUM_THREADS", "MKL_Set_Num_Threads"), ("BLIS_NUM_THREADS", "bli_thread_set_num_threads"),
    ("NUMEXPR_NUM_THREADS", nil), ("VECLIB_MAXIMUM_THREADS", nil), ("RAYON_NUM_THREADS", nil),
  ]

  /// `NAME=VALUE` for each variable of a numeric library that is not in `given`.
  package static func variables(for threads: Int, besides given: [String]) -> [String] {
    libraries.map(\.0).filter { name in !given.contains { $0.hasPrefix(name + "=") } }.map { "\($0)=\(threads)" }
  }

  /// Tells numeric libraries how many threads to use, by variables and, as they may have read those when they were
  /// loaded, by their functions. What a variable says already stays. Before this process has a second thread.
  package static func limitLibraries(to threads: Int) {
    for (name, function) in libraries where getenv(name) == nil {
      setenv(name, "\(threads)", 0)
      guard let function, let address = dlsym(nil, function) else { continue }
      // SAFETY: all of them take one integer and return nothing; one that takes 32 bits reads the lower half.
      unsafeBitCast(address, to: (@convention(c) (Int) -> Void).self)(threads)
    }
  }
}
