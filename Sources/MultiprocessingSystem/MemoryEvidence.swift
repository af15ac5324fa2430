package struct MemoryEvidence: Equatable, Sendable { package static func now() -> MemoryEvidence { .init() }
 package func showsKill(since: MemoryEvidence) -> Bool { false } }
package enum Parallelism { package static var available: Int { 2 } }
