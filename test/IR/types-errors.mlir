// Text that is no !quantx.scaled, and types that break a rule.
//
// RUN: quant-opt %s -split-input-file -verify-diagnostics

// Syntax.

// expected-error@+1 {{expected block sizes of at least 1 or '*', got 0}}
func.func private @block_starts_with_zero(!quantx.scaled<i8 : f32, f32 per 0x32>)

// -----

// expected-error@+1 {{expected block sizes of at least 1 or '*', got 0}}
func.func private @scaled_c4_zero(!quantx.scaled<i8 : f32, f32 per 1x0>)

// -----

// expected-error@+1 {{expected block sizes of at least 1 or '*', got 0}}
func.func private @scaled_c4_zero_inside(!quantx.scaled<i8 : f32, f32 per 1x0x32>)

// -----

// expected-error@+1 {{expected block sizes of at least 1 or '*', got -32}}
func.func private @scaled_c4_negative(!quantx.scaled<i8 : f32, f32 per 1x-32>)

// -----

// expected-error@+1 {{expected a block size or '*'}}
func.func private @block_dynamic(!quantx.scaled<i8 : f32, f32 per 1x?>)

// -----

// expected-error@+1 {{expected a block size or '*'}}
func.func private @block_ends_with_x(!quantx.scaled<i8 : f32, f32 per 1x32x>)

// -----

// expected-error@+1 {{expected block sizes of at most 2147483647 or '*', got 2147483648}}
func.func private @scaled_c4_large(!quantx.scaled<i8 : f32, f32 per 1x2147483648>)

// -----

// scaled_c4: at least one entry.
// expected-error@+1 {{expected a block size or '*'}}
func.func private @scaled_c4_none(!quantx.scaled<i8 : f32, f32 per>)

// -----

// expected-error@+1 {{expected 'x' in dimension list}}
func.func private @block_without_x(!quantx.scaled<i8 : f32, f32 per 1 32>)

// -----

// expected-error@+1 {{integer value too large}}
func.func private @block_overflows(!quantx.scaled<i8 : f32, f32 per 1x9223372036854775808>)

// -----

// expected-error@+1 {{expected 'global', 'zero_point' or 'packing', got 'offset'}}
func.func private @unknown_extra(!quantx.scaled<i8 : f32, f32 per 1x32, offset f32>)

// -----

// expected-error@+1 {{expected at most one 'global', then at most one 'zero_point'}}
func.func private @global_after_zero_point(!quantx.scaled<ui4 : f32, f32 per 1x32, zero_point ui4, global f32>)

// -----

// expected-error@+1 {{expected at most one 'global', then at most one 'zero_point'}}
func.func private @two_globals(!quantx.scaled<i8 : f32, f8E4M3FN per 1x32, global f32, global f32>)

// -----

// expected-error@+1 {{expected at most one 'global', then at most one 'zero_point'}}
func.func private @two_zero_points(!quantx.scaled<ui4 : f32, f32 per 1x32, zero_point ui4, zero_point ui4>)

// -----

// expected-error@+1 {{expected 'global', 'zero_point' or 'packing'}}
func.func private @nothing_after_comma(!quantx.scaled<i8 : f32, f32 per 1x32,>)

// -----

// expected-error@+1 {{expected 'per'}}
func.func private @no_per(!quantx.scaled<i8 : f32, f32 1x32>)

// -----

// expected-error@+1 {{expected ':'}}
func.func private @no_expressed(!quantx.scaled<i8, f32 per 1x32>)

// -----

// Rules.

// expected-error@+1 {{expected storage type f8E4M3FN, f8E5M2, f6E2M3FN, f6E3M2FN, f4E2M1FN, or i2 to i8, ui2 to ui8, got 'f32'}}
func.func private @scaled_c1_wide_float(!quantx.scaled<f32 : f32, f32 per 1x32>)

// -----

// f8E4M3FNUZ has the same bits and other values.
// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'f8E4M3FNUZ'}}
func.func private @scaled_c1_other_float8(!quantx.scaled<f8E4M3FNUZ : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'f8E8M0FNU'}}
func.func private @scaled_c1_scale_format(!quantx.scaled<f8E8M0FNU : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'i1'}}
func.func private @scaled_c1_i1(!quantx.scaled<i1 : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'ui9'}}
func.func private @scaled_c1_ui9(!quantx.scaled<ui9 : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'si8'}}
func.func private @scaled_c1_si8(!quantx.scaled<si8 : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{or i2 to i8, ui2 to ui8, got 'tensor<4xi8>'}}
func.func private @scaled_c1_tensor(!quantx.scaled<tensor<4xi8> : f32, f32 per 1x32>)

// -----

// expected-error@+1 {{expected expressed type f32, f16 or bf16, got 'f64'}}
func.func private @scaled_c2(!quantx.scaled<i8 : f64, f32 per 1x32>)

// -----

// expected-error@+1 {{expected scale type f32, f16, bf16, f8E8M0FNU or f8E4M3FN, got 'f8E5M2'}}
func.func private @scaled_c3(!quantx.scaled<i8 : f32, f8E5M2 per 1x32>)

// -----

// expected-error@+1 {{expected global scale type f32, got 'f16'}}
func.func private @scaled_c5(!quantx.scaled<i8 : f32, f8E4M3FN per 1x32, global f16>)

// -----

// expected-error@+1 {{expected a zero point of the storage type, an integer, got zero point 'ui8' for storage 'ui4'}}
func.func private @scaled_c6_other_type(!quantx.scaled<ui4 : f32, f32 per 1x32, zero_point ui8>)

// -----

// expected-error@+1 {{expected a zero point of the storage type, an integer, got zero point 'f8E4M3FN' for storage 'f8E4M3FN'}}
func.func private @scaled_c6_float(!quantx.scaled<f8E4M3FN : f32, f32 per 1x32, zero_point f8E4M3FN>)

// -----

// expected-error@+1 {{expected no zero point with an f8E8M0FNU scale, got zero point 'i4'}}
func.func private @scaled_c6_e8m0(!quantx.scaled<i4 : f32, f8E8M0FNU per 1x32, zero_point i4>)

// -----

// expected-error@+1 {{expected signed storage with an f8E8M0FNU scale, got 'ui4'}}
func.func private @scaled_c7(!quantx.scaled<ui4 : f32, f8E8M0FNU per 1x32>)

// -----

// expected-error@+1 {{expected storage of 4 or 8 bits with packing rows16, got 'f6E2M3FN'}}
func.func private @scaled_c8(!quantx.scaled<f6E2M3FN : f32, f8E8M0FNU per 1x32, packing rows16>)

// -----

// expected-error@+1 {{expected with packing rows16 a block of '*' or a multiple of 8 in the last dimension and 1 in the others, got 1x20}}
func.func private @scaled_c8_block(!quantx.scaled<i8 : f32, f32 per 1x20, packing rows16>)

// -----

// expected-error@+1 {{expected with packing rows16 a block of '*' or a multiple of 8 in the last dimension and 1 in the others, got 128x128}}
func.func private @scaled_c8_rows(!quantx.scaled<f8E4M3FN : f32, f32 per 128x128, packing rows16>)

// -----

// expected-error@+1 {{expected with packing rows16 a block of '*' or a multiple of 8 in the last dimension and 1 in the others, got 32}}
func.func private @scaled_c8_rank(!quantx.scaled<i8 : f32, f32 per 32, packing rows16>)

// -----

// expected-error@+1 {{expected packing 'rows16', got 'rows8'}}
func.func private @packing_name(!quantx.scaled<i8 : f32, f32 per 1x32, packing rows8>)

// -----

// expected-error@+1 {{expected '>'}}
func.func private @packing_is_last(!quantx.scaled<i8 : f32, f32 per 1x32, packing rows16, global f32>)
