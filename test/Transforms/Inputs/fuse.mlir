// Tiles the ops marked `tile` and fuses what they depend on.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %ops = transform.structured.match attributes{tile} in %m
      : (!transform.any_op) -> !transform.any_op
    %tiled, %loops:2 = transform.structured.fuse %ops tile_sizes [2, 2]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op)
    transform.yield
  }
}
