// MXFP4 with scales for what a layer is used for: the error of each block of 32
// weights is weighed by the Hessian of its activations, r^T (X^T X) r, in place
// of r^T r.
//
//   quant-run mxfp4-hessian.mlir --entry-point=hessians --input=x.npy \
//     --output=h.npy
//   quant-run mxfp4-hessian.mlir --entry-point=quantize --input=w.npy \
//     --input=h.npy --output=codes.npy --output=scales.npy

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

// X_j^T X_j for each block j of 32 columns of the activations `x`, tokens x
// features. The features are a multiple of 32.
func.func @hessians(%x: tensor<?x?xf32>) -> tensor<?x32x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x?xf32>
  %features = tensor.dim %x, %c1 : tensor<?x?xf32>
  %blocks = arith.divui %features, %c32 : index
  %xb = tensor.expand_shape %x [[0], [1, 2]] output_shape [%tokens, %blocks, 32]
    : tensor<?x?xf32> into tensor<?x?x32xf32>
  %empty = tensor.empty(%blocks) : tensor<?x32x32xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x32x32xf32>)
    -> tensor<?x32x32xf32>
  %h = linalg.generic {
      indexing_maps = [affine_map<(j, a, b, t) -> (t, j, a)>,
                       affine_map<(j, a, b, t) -> (t, j, b)>,
                       affine_map<(j, a, b, t) -> (j, a, b)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%xb, %xb : tensor<?x?x32xf32>, tensor<?x?x32xf32>)
      outs(%zeros : tensor<?x32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %product = arith.mulf %a, %b : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  } -> tensor<?x32x32xf32>
  return %h : tensor<?x32x32xf32>
}

// Chooses the scales and encodes the weights `w`, outputs x features.
func.func @quantize(%w: tensor<?x?xf32>, %h: tensor<?x32x32xf32>)
    -> tensor<?x?x!mxfp4> {
  %q = quantx.dynamic_quantize %w using #quantx.hessian
    weighted_by %h : tensor<?x32x32xf32>
    : tensor<?x?xf32> to tensor<?x?x!mxfp4>
  return %q : tensor<?x?x!mxfp4>
}
