/// The numbers of the original, once instead of five times: a build for debugging is slow.
let primes = [
  1_116_281, 1_297_337, 104_395_303, 472_882_027, 533_000_389, 817_504_243, 982_451_653, 112_272_535_095_293,
  112_582_705_942_171, 112_272_535_095_293, 115_280_095_190_773, 115_797_848_077_099, 1_099_726_899_285_419,
]

func isPrime(_ n: Int) -> Bool {
  guard n > 2 else { return n == 2 }
  let last = Int(Double(n).squareRoot())
  var divisor = 2
  while divisor <= last {
    if n % divisor == 0 { return false }
    divisor &+= 1
  }
  return true
}
