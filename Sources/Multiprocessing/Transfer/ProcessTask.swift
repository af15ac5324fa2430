/// A value that runs in another process: its stored properties are the arguments, `run()` is the body.
///
/// Found in the child by type name, so it needs no registration and captures nothing by accident:
///
/// ```swift
/// struct IsPrime: ProcessTask {
///   let number: Int
///   func run() -> Bool { isPrime(number) }
/// }
/// let child = try ChildProcess.start(IsPrime(number: 97))
/// print(try await child.value)
/// ```
///
/// Public, internal and nested types work, generic ones too; private and function-local types work unless they are
/// generic or depend on a generic context: those throw `notTransferable` before anything starts. When argument types
/// are trivially copyable they are copied as bytes between equal builds, without calling their `encode(to:)`.
public protocol ProcessTask<Output>: Codable, Sendable {
  /// What the task produces: Codable, or Void.
  associatedtype Output: Sendable

  /// How the output crosses back. Provided for Codable outputs and for Void.
  static var outputCoder: TransferCoder<Output> { get }

  /// The body. It runs in the other process, off the main actor; an error it throws arrives as its own type when that
  /// is Codable.
  func run() async throws -> Output
}

extension ProcessTask where Output: Codable {
  /// Carries any Codable output.
  public static var outputCoder: TransferCoder<Output> { TransferCoder() }
}

extension ProcessTask where Output == Void {
  /// Carries nothing.
  public static var outputCoder: TransferCoder<Output> { TransferCoder() }
}
