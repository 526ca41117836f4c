// NVFP4 with the best scales: under one global f32 scale, each block of 16 has
// the f8E4M3FN scale of least squared error. Same format and size as nvfp4.mlir.
//
// One function for each step. All take matrices of any size:
//   quant-run nvfp4-optimal.mlir --entry-point=quantize --input=w.npy \
//     --output=codes.npy --output=scales.npy --output=global.npy

!nvfp4 = !quantx.scaled<f4E2M1FN : f32, f8E4M3FN per 1x16, global f32>

// Chooses the scales and encodes.
func.func @quantize(%w: tensor<?x?xf32>) -> tensor<?x?x!nvfp4> {
  %q = quantx.dynamic_quantize %w using #quantx.optimal
    : tensor<?x?xf32> to tensor<?x?x!nvfp4>
  return %q : tensor<?x?x!nvfp4>
}

// Decodes what @quantize made.
func.func @dequantize(%q: tensor<?x?x!nvfp4>) -> tensor<?x?xf32> {
  %y = quantx.dequantize %q : tensor<?x?x!nvfp4> to tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// Quantizes and measures: the sum of squared errors, the largest error, how
// many codes saturated and how many nonzero weights became zero; then the
// weights' own sum of squares, for a signal-to-noise ratio.
func.func @report(%w: tensor<?x?xf32>) -> (f32, f32, i64, i64, f64) {
  %q = quantx.dynamic_quantize %w using #quantx.optimal
    : tensor<?x?xf32> to tensor<?x?x!nvfp4>
  %e:4 = quantx.error_stats %w, %q
    : tensor<?x?xf32>, tensor<?x?x!nvfp4> -> f32, f32, i64, i64
  %power = call @sum_of_squares(%w) : (tensor<?x?xf32>) -> f64
  return %e#0, %e#1, %e#2, %e#3, %power : f32, f32, i64, i64, f64
}

func.func private @sum_of_squares(%w: tensor<?x?xf32>) -> f64 {
  %zero = arith.constant dense<0.0> : tensor<f64>
  %sum = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>,
                       affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]}
      ins(%w : tensor<?x?xf32>) outs(%zero : tensor<f64>) {
  ^bb0(%x: f32, %partial: f64):
    %wide = arith.extf %x : f32 to f64
    %square = arith.mulf %wide, %wide : f64
    %next = arith.addf %partial, %square : f64
    linalg.yield %next : f64
  } -> tensor<f64>
  %result = tensor.extract %sum[] : tensor<f64>
  return %result : f64
}
