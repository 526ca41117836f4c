// RUN: quant-opt %s --one-shot-bufferize="bufferize-function-boundaries" --split-input-file --verify-diagnostics

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @argument(%q: tensor<8x64x!mxfp4>) -> tensor<8x64xf32> {
  // expected-error @below {{'quantx.dequantize' op cannot be bufferized: expected 'tensor<8x64x!quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>>' to pass between quantx ops only; run quantx-lower-to-linalg first, which takes it anywhere; got it as a block argument}}
  %y = quantx.dequantize %q : tensor<8x64x!mxfp4> to tensor<8x64xf32>
  return %y : tensor<8x64xf32>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @result(%x: tensor<8x64xf32>) -> tensor<8x64x!mxfp4> {
  // expected-error @below {{run quantx-lower-to-linalg first, which takes it anywhere; got a use by func.return}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  return %q : tensor<8x64x!mxfp4>
}

// -----

!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>

func.func @slice(%x: tensor<8x64xf32>) -> tensor<4x64xf32> {
  // expected-error @below {{got a use by tensor.extract_slice}}
  %q = quantx.dynamic_quantize %x using #quantx.floor : tensor<8x64xf32> to tensor<8x64x!mxfp4>
  %s = tensor.extract_slice %q[0, 0] [4, 64] [1, 1] : tensor<8x64x!mxfp4> to tensor<4x64x!mxfp4>
  // expected-error @below {{got it from tensor.extract_slice}}
  %y = quantx.dequantize %s : tensor<4x64x!mxfp4> to tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

func.func @unsigned(%c: tensor<8x64xui4>) -> tensor<8x32xi8> {
  // expected-error @below {{'quantx.pack' op cannot be bufferized: expected 'tensor<8x64xui4>' to pass between quantx ops only; run quantx-lower-to-linalg first, which takes it anywhere; got it as a block argument}}
  %p = quantx.pack %c as #quantx.packing<linear> : tensor<8x64xui4> to tensor<8x32xi8>
  return %p : tensor<8x32xi8>
}
