// As tile-for.mlir, over numbers of threads that leave some without a tile.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match ops{["quantx.choose_qparams", "quantx.quantize", "quantx.dynamic_quantize", "quantx.dequantize", "quantx.pack", "quantx.unpack", "quantx.relayout_scales", "quantx.scaled_matmul"]} in %m
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loops = transform.structured.tile_using_forall %ops num_threads [3, 4]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
