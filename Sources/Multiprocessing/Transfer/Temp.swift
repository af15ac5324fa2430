package import MultiprocessingSystem
package enum TransferFormat: Sendable, Codable { case sameBuild, portable }
package struct TransferPayload: Sendable { package var bytes: [UInt8]; package var descriptors: [Descriptor]
 package init(bytes: [UInt8] = [], descriptors: [Descriptor] = []) { self.bytes = bytes; self.descriptors = descriptors } }
public struct TransferCoder<Value: Sendable>: Sendable {
  package func encode(_ v: Value, _ f: TransferFormat) throws -> TransferPayload { fatalError() }
  package func decode(_ v: TransferPayload, _ f: TransferFormat) throws -> Value { fatalError() }
}
extension TransferCoder where Value: Codable { package init() { } }
extension TransferCoder where Value == Void { package init() { } }
package func encodeArguments<each A: Encodable & Sendable>(_ a: repeat each A, format: TransferFormat) throws -> TransferPayload { fatalError() }
package func decodeArguments<each A: Decodable & Sendable>(_ t: (repeat (each A).Type), from: TransferPayload, format: TransferFormat) throws -> (repeat each A) { fatalError() }
