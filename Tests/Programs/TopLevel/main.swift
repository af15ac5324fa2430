// Code at the top level: it runs once, in the parent.
import Multiprocessing

print("top level of \(CurrentProcess.name)")
var starts = 0
for method in StartMethod.forTasks {
  let child = try ChildProcess.start(5, context: ProcessContext(method)) { number in
    "\(number) of \(months.count): \(months[number - 1]), counted \(Counter.shared.next())"
  }
  starts += 1
  print(method, try await child.value)
}
print("\(starts) starts, here counted \(Counter.shared.next())")
