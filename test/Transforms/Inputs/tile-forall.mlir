// As tile-for.mlir, in one parallel loop.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match ops{["quantx.choose_qparams", "quantx.quantize", "quantx.dynamic_quantize", "quantx.dequantize", "quantx.pack", "quantx.unpack", "quantx.relayout_scales", "quantx.scaled_matmul"]} in %m
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loops = transform.structured.tile_using_forall %ops tile_sizes [3, 1]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.yield
  }
}
