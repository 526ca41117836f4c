// One public function, and one that is not.
func.func @f32(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @negate(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

func.func private @negate(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = arith.negf %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
