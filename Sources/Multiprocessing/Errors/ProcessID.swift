/// The number by which the system knows a process.
public typealias ProcessID = Int32
