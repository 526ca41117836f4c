!mxfp4 = !quantx.scaled<f4E2M1FN : bf16, f8E8M0FNU per 1x32>
!int4 = !quantx.scaled<ui4 : f32, f16 per 1x128, zero_point ui4>
func.func @floats(%x: tensor<?x?xbf16>, %q: tensor<?x?x!mxfp4>) -> (f32, f32, i64, i64) {
  %e:4 = quantx.error_stats %x, %q : tensor<?x?xbf16>, tensor<?x?x!mxfp4> -> f32, f32, i64, i64
  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64
}
func.func @integers(%x: tensor<?x4096xf32>, %q: tensor<?x4096x!int4>) -> (f32, f32, i64, i64) {
  %e:4 = quantx.error_stats %x, %q : tensor<?x4096xf32>, tensor<?x4096x!int4> -> f32, f32, i64, i64
  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64
}
